// Own the list of recent runs.

import type { Run } from "../api/types";
import { ago, seconds, uuidTime } from "../format/text";
import { useNow } from "../ui/useNow";
import { titleOf } from "./kinds";

interface Props {
  runs: Run[];
  chosen: string | null;
  onChoose: (id: string) => void;
}

export function RunList({ runs, chosen, onChoose }: Props) {
  const now = useNow(15_000);
  if (runs.length === 0) return <p className="quiet">No runs yet. The first one takes a few seconds.</p>;
  return (
    <ul className="run-list">
      {runs.map((run) => {
        const started = uuidTime(run.run_id);
        return (
          <li key={run.run_id}>
            <button type="button" aria-current={run.run_id === chosen ? "true" : undefined} onClick={() => onChoose(run.run_id)}>
              <span className={`status status-${run.status}`}>{run.status}</span>
              <span className="run-title">{titleOf(run)}</span>
              <span className="num quiet">{run.elapsed_s == null ? "" : seconds(run.elapsed_s)}</span>
              <span className="num quiet run-when">
                {started === null ? seconds(run.elapsed_s) : ago(started, now)}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
