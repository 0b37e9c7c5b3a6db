import { describe, expect, it } from "vitest";
import type { RunEvent } from "../api/types";
import { addEvent, NO_PROGRESS, shareOf } from "./progress";

const event = (sequence: number, detail: RunEvent["detail"]): RunEvent => ({
  run_id: "r",
  sequence,
  at: "2026-10-01T14:00:00Z",
  kind: "progress",
  status: "running",
  detail,
});

describe("addEvent", () => {
  it("keeps each stage and the newest estimate", () => {
    const after = [
      event(1, {}),
      event(2, { stage: "train", done: 8, total: 8, eta_s: 4 }),
      event(3, { stage: "sample", done: 1, total: 4, eta_s: 2.5 }),
    ].reduce(addEvent, NO_PROGRESS);
    expect(after).toEqual({
      sequence: 3,
      stage: "sample",
      stages: { train: { done: 8, total: 8 }, sample: { done: 1, total: 4 } },
      etaS: 2.5,
    });
  });

  it("ignores a replayed event", () => {
    const now = addEvent(NO_PROGRESS, event(5, { stage: "train", done: 3, total: 8 }));
    expect(addEvent(now, event(4, { stage: "train", done: 2, total: 8 }))).toBe(now);
  });
});

describe("shareOf", () => {
  it("never leaves 0 to 1", () => {
    expect([undefined, { done: 1, total: 0 }, { done: 1, total: 4 }, { done: 9, total: 4 }].map(shareOf)).toEqual([0, 0, 0.25, 1]);
  });
});
