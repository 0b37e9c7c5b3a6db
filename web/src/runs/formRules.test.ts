import { describe, expect, it } from "vitest";
import { DEFAULT_FORM, fieldOfProblem, formOf, hintsOf, specificationOf } from "./formRules";

const form = (over: Partial<typeof DEFAULT_FORM>) => ({ ...DEFAULT_FORM, ...over });

describe("hintsOf", () => {
  it("has nothing to say about the defaults", () => {
    expect(hintsOf(DEFAULT_FORM)).toEqual({});
  });

  it("names each field that cannot be sent", () => {
    const bad = form({ products: [], choose: "x", of: "99", depth: "0", shots: "1e9", seed: "-1" });
    expect(Object.keys(hintsOf(bad)).sort()).toEqual(["choose", "depth", "of", "products", "seed", "shots"]);
  });

  it("knows the rules between fields", () => {
    expect(hintsOf(form({ choose: "12" })).choose).toContain("12");
    expect(hintsOf(form({ products: ["CL", "NG", "HO", "RB", "B"] })).of).toContain("multiple of the 5");
  });

  it("takes a seed of 63 bits and no wider", () => {
    expect(hintsOf(form({ seed: "9223372036854775807" })).seed).toBeUndefined();
    expect(hintsOf(form({ seed: "9223372036854775808" })).seed).toBeDefined();
  });
});

describe("specificationOf", () => {
  it("sends what is filled and leaves out the rest", () => {
    expect(specificationOf(form({ seed: " " }))).not.toHaveProperty("seed");
    expect(specificationOf(DEFAULT_FORM)).toEqual({ products: ["CL"], choose: 4, of: 12, depth: 3, shots: 4096, seed: "7" });
  });

  it("survives a round trip through an earlier run", () => {
    const sent = specificationOf(form({ seed: "7", source: "import:rtl", as_of: "2023-12-29" }));
    expect(specificationOf(formOf(sent))).toEqual(sent);
  });
});

describe("fieldOfProblem", () => {
  it("finds the field a refusal speaks of", () => {
    expect(fieldOfProblem("choose: expected fewer than the 12 contracts")).toBe("choose");
    expect(fieldOfProblem("No.", "of")).toBe("of");
    expect(fieldOfProblem("Product XX is unknown.")).toBeNull();
  });
});
