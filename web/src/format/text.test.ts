import { describe, expect, it } from "vitest";
import * as text from "./text";

describe("contracts", () => {
  it("names months and symbols", () => {
    expect(text.monthName("202612")).toBe("Dec 26");
    expect(text.monthName("spot")).toBe("spot");
    expect(text.labelSymbol("CL-202612")).toBe("CLZ26");
    expect(text.labelSymbol("NG3")).toBe("NG3");
  });

  it("finds chosen contracts by index or by label", () => {
    const labels = ["CL-202612", "CL-202701", "CL-202702"];
    expect(text.chosenIndices([2, 0], labels)).toEqual([0, 2]);
    expect(text.chosenIndices(["CL-202701", "gone"], labels)).toEqual([1]);
  });
});

describe("numbers", () => {
  it("keeps about four digits", () => {
    expect(text.number(-0.123456)).toBe("−0.1235");
    expect(text.number(1234.56)).toBe("1235");
    expect(text.number(0.00001234)).toBe("1.234e−5");
    expect(text.number(Number.NaN)).toBe("–");
  });

  it("writes shares as percent", () => {
    expect([0.1234, 0.012345, 0.0001, 0].map(text.percent)).toEqual(["12.3 %", "1.23 %", "0.010 %", "0.000 %"]);
  });

  it("counts subsets", () => {
    expect(text.combinations(12, 4)).toBe(495);
    expect(text.combinations(24, 12)).toBe(2_704_156);
    expect(text.combinations(4, 5)).toBe(0);
  });
});

describe("time", () => {
  it("writes durations", () => {
    expect([0.004, 0.5, 12.4, 300, null].map(text.seconds)).toEqual(["4 ms", "0.5 s", "12 s", "5 min", "–"]);
  });

  it("writes ages and days", () => {
    expect(text.ago(1000, 1900)).toBe("now");
    expect(text.ago(0, 42_000)).toBe("42 s ago");
    expect(text.ago(0, 7_200_000)).toBe("2 h ago");
    expect(text.dayName("2026-11-09")).toBe("9 Nov 2026");
  });

  it("reads the time inside a UUIDv7", () => {
    expect(text.uuidTime("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")).toBe(1645557742000);
    expect(text.uuidTime("c232ab00-9414-4ec8-9a3b-0a1b2c3d4e5f")).toBeNull();
  });
});
