// Own what run events add up to: how far a run is, and how long it may still take.

import type { RunEvent } from "../api/types";

export interface Progress {
  sequence: number;
  stage: string | null;
  done: number;
  total: number;
  etaS: number | null;
}

export const NO_PROGRESS: Progress = { sequence: 0, stage: null, done: 0, total: 0, etaS: null };

/** Add one event; an event seen before, as after a reconnection, changes nothing. */
export function addEvent(progress: Progress, event: RunEvent): Progress {
  if (event.sequence <= progress.sequence) return progress;
  const { stage, done, total, eta_s } = event.detail;
  const next = { ...progress, sequence: event.sequence };
  if (stage === undefined) return next;
  return {
    ...next,
    stage,
    done: done ?? progress.done,
    total: total ?? progress.total,
    etaS: eta_s ?? null,
  };
}

export const shareOf = ({ done, total }: Progress): number =>
  total <= 0 ? 0 : Math.min(1, done / total);
