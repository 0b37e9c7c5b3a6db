import { describe, expect, it } from "vitest";
import { display, displaySigned, isSame, middle, scaleOf, signOf, subtract } from "./decimal";

describe("exact arithmetic", () => {
  it("subtracts without float noise", () => {
    expect(subtract("71.42", "71.4")).toBe("0.02");
    expect(subtract("-37.63", "18.27")).toBe("-55.9");
    expect(subtract("0.3", "0.1")).toBe("0.2");
    expect(subtract("90071992547409.93", "0.01")).toBe("90071992547409.92");
  });

  it("finds the middle, half ticks included", () => {
    expect(middle("71.42", "71.43")).toBe("71.425");
    expect(middle("-0.01", "0.01")).toBe("0");
    expect(middle("2.0010", "2.003")).toBe("2.002");
  });

  it("refuses what is not a decimal", () => {
    expect(subtract("NaN", "1")).toBeNull();
    expect(middle("", "1")).toBeNull();
  });

  it("knows signs and equality across scales and exponents", () => {
    expect([signOf("-0.01"), signOf("0E-8"), signOf("+3")]).toEqual([-1, 0, 1]);
    expect(isSame("71.4200000", "71.42")).toBe(true);
    expect(isSame("1E+2", "100")).toBe(true);
  });
});

describe("display", () => {
  it("pads to the tick, drops stored zeros, never rounds", () => {
    expect(display("71.4", 2)).toBe("71.40");
    expect(display("71.42000000", 2)).toBe("71.42");
    expect(display("71.425", 2)).toBe("71.425");
    expect(display("712.25", 2)).toBe("712.25");
  });

  it("groups thousands and uses a true minus", () => {
    expect(display("1234567.5", 2)).toBe("1,234,567.50");
    expect(display("-37.63", 2)).toBe("−37.63");
    expect(display("-0.004", 2)).toBe("−0.004");
  });

  it("shows a dash for nothing and leaves other text alone", () => {
    expect(display(null, 2)).toBe("–");
    expect(display("n/a", 2)).toBe("n/a");
  });

  it("marks a gain", () => {
    expect(displaySigned("0.1", 2)).toBe("+0.10");
    expect(displaySigned("-0.1", 2)).toBe("−0.10");
    expect(displaySigned("0", 2)).toBe("0.00");
  });

  it("reads the scale of a tick", () => {
    expect(["0.01", "0.0001", "0.25", "1", "0.0100"].map(scaleOf)).toEqual([2, 4, 2, 0, 2]);
  });
});
