// Own the sight of a run under way: stages, bar, time left, cancel.

import { useState } from "react";
import { type Api, messageOf } from "../api/client";
import type { Run } from "../api/types";
import { seconds } from "../format/text";
import { type Progress, shareOf, STAGES } from "./progress";

interface Props {
  api: Api;
  run: Run;
  progress: Progress;
  connected: boolean;
}

const WAITING: Record<string, string> = {
  queued: "Queued",
  planning: "Planning: reading settlements, building the problem",
  running: "Running",
};

export function RunProgress({ api, run, progress, connected }: Props) {
  const [cancelling, setCancelling] = useState(false);
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
  const now = STAGES.find((stage) => stage.name === progress.stage);
  return (
    <div className="progress">
      <div className="progress-head">
        <p role="status">{connected ? (now?.title ?? WAITING[run.status] ?? run.status) : "Reconnecting to the run…"}</p>
        <span className="quiet">{progress.etaS === null ? "" : `about ${seconds(progress.etaS)} left`}</span>
        <button type="button" onClick={() => void cancel()} disabled={cancelling}>
          {cancelling ? "Cancelling…" : "Cancel"}
        </button>
      </div>
      <ol className="stages">
        {STAGES.map(({ name, title }) => {
          const stage = progress.stages[name];
          const share = shareOf(stage);
          return (
            <li key={name} className={share === 1 ? "is-done" : progress.stage === name ? "is-now" : ""}>
              <span>
                {title}
                <span className="quiet num">{stage === undefined ? "" : ` ${stage.done}/${stage.total}`}</span>
              </span>
              <progress max={1} value={share} aria-label={title} />
            </li>
          );
        })}
      </ol>
      {error !== null && <p className="problem" role="alert">{error}</p>}
    </div>
  );
}
