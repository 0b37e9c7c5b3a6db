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
  it("keeps the newest counts and estimate", () => {
    const after = [
      event(1, {}),
      event(2, { stage: "train", done: 8, total: 13, eta_s: 4 }),
      event(3, { stage: "sample", done: 9, total: 13, eta_s: null }),
    ].reduce(addEvent, NO_PROGRESS);
    expect(after).toEqual({ sequence: 3, stage: "sample", done: 9, total: 13, etaS: null });
  });

  it("ignores a replayed event", () => {
    const now = addEvent(NO_PROGRESS, event(5, { stage: "train", done: 3, total: 8 }));
    expect(addEvent(now, event(4, { stage: "train", done: 2, total: 8 }))).toBe(now);
  });
});

describe("shareOf", () => {
  it("never leaves 0 to 1", () => {
    const share = (done: number, total: number) => shareOf({ ...NO_PROGRESS, done, total });
    expect([share(1, 0), share(1, 4), share(9, 4)]).toEqual([0, 0.25, 1]);
  });
});
