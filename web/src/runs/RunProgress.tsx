// Own the sight of a run under way: stage, bar, time left, cancel.

import { useState } from "react";
import { type Api, messageOf } from "../api/client";
import type { Run } from "../api/types";
import { seconds } from "../format/text";
import { type Progress, shareOf } from "./progress";

interface Props {
  api: Api;
  run: Run;
  progress: Progress;
  connected: boolean;
}

const STAGES: Record<string, string> = {
  train: "Training angles",
  sample: "Sampling the circuit",
  classical: "Proving the classical optimum",
  compose: "Building the circuit",
  score: "Scoring the samples",
};

const WAITING: Record<string, string> = {
  queued: "Queued",
  planning: "Planning: reading settlements, building the problem",
  running: "Running",
};

export function RunProgress({ api, run, progress, connected }: Props) {
  const [cancelling, setCancelling] = useState(run.cancel_requested === true);
  const [error, setError] = useState<string | null>(null);
  const cancel = async () => {
    setCancelling(true);
    setError(null);
    try {
      await api.cancel(run.run_id);
    } catch (failure) {
      setError(messageOf(failure));
      setCancelling(false);
    }
  };
  const stage = progress.stage === null ? WAITING[run.status] : STAGES[progress.stage];
  return (
    <div className="progress">
      <div className="progress-head">
        <p role="status">{connected ? (stage ?? progress.stage ?? run.status) : "Reconnecting to the run…"}</p>
        <button type="button" onClick={() => void cancel()} disabled={cancelling}>
          {cancelling ? "Cancelling…" : "Cancel"}
        </button>
      </div>
      <progress max={1} value={shareOf(progress)} aria-label="Progress of the run" />
      <p className="progress-foot quiet">
        <span>{progress.total === 0 ? "" : `${progress.done} of ${progress.total} pieces`}</span>
        <span>{progress.etaS === null ? "" : `about ${seconds(progress.etaS)} left`}</span>
      </p>
      {run.waiting_for != null && <p className="quiet">Waiting: {run.waiting_for}</p>}
      {error !== null && <p className="problem" role="alert">{error}</p>}
    </div>
  );
}
