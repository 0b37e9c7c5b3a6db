import { describe, expect, it } from "vitest";
import { axisOf, labelStride, monthIndex, nearest } from "./scale";

describe("axisOf", () => {
  it("covers the values with round ticks", () => {
    const axis = axisOf([66.12, 71.42], 5);
    expect(axis.low).toBeLessThan(66.12);
    expect(axis.high).toBeGreaterThan(71.42);
    expect(axis.ticks).toEqual([64, 66, 68, 70, 72]);
  });

  it("handles prices below zero, one point and tiny ranges", () => {
    expect(axisOf([-37.63, 20], 5).low).toBeLessThan(-37.63);
    const flat = axisOf([70], 5);
    expect(flat.high).toBeGreaterThan(flat.low);
    const fine = axisOf([2.001, 2.004], 4);
    const labels = fine.ticks.map((tick) => tick.toFixed(fine.digits));
    expect(new Set(labels).size).toBe(labels.length);
  });
});

describe("the month axis", () => {
  it("keeps the distance over a year's end", () => {
    expect(monthIndex("202701") - monthIndex("202612")).toBe(1);
  });

  it("thins labels to what fits", () => {
    expect(labelStride(12, 600, 50)).toBe(1);
    expect(labelStride(36, 300, 50)).toBe(6);
  });

  it("finds the nearest point", () => {
    expect(nearest([0, 10, 20], 14)).toBe(1);
    expect(nearest([0, 10, 20], 99)).toBe(2);
  });
});
