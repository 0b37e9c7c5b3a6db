// Own what run events add up to: how far each stage is, and how long it may still take.

import type { RunEvent } from "../api/types";

export const STAGES = [
  { name: "train", title: "Train angles" },
  { name: "sample", title: "Sample circuit" },
  { name: "classical", title: "Prove optimum" },
] as const;

export interface StageProgress {
  done: number;
  total: number;
}

export interface Progress {
  sequence: number;
  stage: string | null;
  stages: Readonly<Record<string, StageProgress>>;
  etaS: number | null;
}

export const NO_PROGRESS: Progress = { sequence: 0, stage: null, stages: {}, etaS: null };

/** Add one event; an event seen before, as after a reconnection, changes nothing. */
export function addEvent(progress: Progress, event: RunEvent): Progress {
  if (event.sequence <= progress.sequence) return progress;
  const { stage, done, total, eta_s } = event.detail;
  const next = { ...progress, sequence: event.sequence };
  if (stage === undefined) return next;
  const known = progress.stages[stage];
  return {
    ...next,
    stage,
    stages: {
      ...progress.stages,
      [stage]: { done: done ?? known?.done ?? 0, total: total ?? known?.total ?? 0 },
    },
    etaS: eta_s ?? null,
  };
}

export const shareOf = (stage: StageProgress | undefined): number =>
  stage === undefined || stage.total <= 0 ? 0 : Math.min(1, stage.done / stage.total);
