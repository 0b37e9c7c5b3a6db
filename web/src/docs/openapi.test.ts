import { describe, expect, it } from "vitest";
import { operationsOf, typeName } from "./openapi";

describe("typeName", () => {
  it("names references, lists, unions and formats", () => {
    expect(typeName({ $ref: "#/components/schemas/RunView" })).toBe("RunView");
    expect(typeName({ type: "array", items: { type: "string" } })).toBe("list of string");
    expect(typeName({ anyOf: [{ type: "string", format: "date" }, { type: "null" }] })).toBe("date or null");
    expect(typeName({ type: "string", enum: ["queued", "failed"] })).toBe('"queued" or "failed"');
    const runs = [{ $ref: "#/components/schemas/SweepRun" }, { $ref: "#/components/schemas/HedgeRun" }];
    expect(typeName({ oneOf: runs })).toBe("SweepRun or HedgeRun");
    expect(typeName(undefined)).toBe("any");
  });
});

describe("operationsOf", () => {
  it("lists methods in a fixed order and skips other members of a path", () => {
    const info = { title: "t", version: "1" };
    const paths = { "/v1/runs": { post: { summary: "b" }, get: { summary: "a" }, parameters: {} } };
    expect(operationsOf({ info, paths }).map((found) => `${found.method} ${found.path}`)).toEqual([
      "GET /v1/runs",
      "POST /v1/runs",
    ]);
  });
});
