import { describe, expect, it } from "vitest";
import type { Run } from "../api/types";
import { choiceOf, factsOf, isChoosing, titleOf } from "./kinds";

const run = (kind: string, specification: Run["specification"], result?: Run["result"]): Run => ({
  run_id: "019a0000-0000-7000-8000-000000000001",
  kind,
  status: "succeeded",
  specification,
  problem: null,
  result: result ?? null,
});
const CONTRACTS = { products: ["CL", "NG"], choose: 4, of: 12 };

describe("titleOf", () => {
  it("names every kind, whatever it is asked", () => {
    expect(titleOf(run("portfolio", CONTRACTS))).toBe("4 of 12, CL NG");
    expect(titleOf(run("hedge", CONTRACTS))).toBe("Hedge 4 of 12, CL NG");
    expect(titleOf(run("circuit", { program: "OPENQASM 3.0;", shots: 4096 }))).toBe("Circuit, 4,096 shots");
    expect(titleOf(run("observable", { program: "OPENQASM 3.0;" }))).toBe("Observable");
    expect(titleOf(run("amplitude", { measure: "cvar" }))).toBe("Amplitude, cvar");
    expect(titleOf(run("a kind of a later version", {}))).toBe("A kind of a later version");
  });
});

describe("choiceOf", () => {
  it("is the result of a run that chose contracts, and of no other", () => {
    const result = { classical_optimum: {}, random_baseline: {}, objective: -1 };
    expect(choiceOf(run("portfolio", CONTRACTS, result))).toBe(result);
    expect(choiceOf(run("portfolio", CONTRACTS))).toBeNull();
    expect(choiceOf(run("circuit", { program: "x" }, result))).toBeNull();
    expect(choiceOf(run("sweep", CONTRACTS, { points: 3 }))).toBeNull();
    expect(isChoosing(run("circuit", { program: "x" }))).toBe(false);
  });
});

describe("factsOf", () => {
  it("keeps single values and leaves out what needs a table", () => {
    const result = { points: 3, backend: "aer", inline: true, counts: [{}], none: null, why: "" };
    expect(factsOf(result)).toEqual([
      ["Points", "3"],
      ["Backend", "aer"],
      ["Inline", "yes"],
    ]);
  });
});
