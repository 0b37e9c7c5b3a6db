// Own the portfolio half of the page: form, the run in sight, recent runs.

import { useCallback, useEffect, useState } from "react";
import { type Api, messageOf } from "../api/client";
import { type ChoosingRun, isFinal, type Product, type Run } from "../api/types";
import { browserPlace, chosenRun, showRunInAddress } from "./runAddress";
import { DEFAULT_FORM, formOf } from "./formRules";
import { choiceOf, isChoosing, titleOf } from "./kinds";
import { RunForm } from "./RunForm";
import { RunList } from "./RunList";
import { RunFacts } from "./RunFacts";
import { RunProgress } from "./RunProgress";
import { RunResult } from "./RunResult";
import { type FollowedRun, useRun } from "./useRun";

const RECENT = 20;
const REFRESH_MS = 20_000;

const errorText = (error: Run["error"]): string =>
  error?.detail ?? "The run failed without a reason.";

// The run in sight is known sooner than the list is asked for again.
const withNewest = (runs: Run[], newest: Run | null): Run[] =>
  runs.map((run) => (run.run_id === newest?.run_id ? { ...run, status: newest.status } : run));

function useRecentRuns(api: Api) {
  const [runs, setRuns] = useState<Run[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  const refresh = useCallback(() => {
    api.runs(RECENT).then(
      (page) => {
        setRuns(page.items);
        setError(null);
      },
      (failure: unknown) => setError(messageOf(failure)),
    );
  }, [api]);
  useEffect(() => {
    refresh();
    const timer = setInterval(refresh, REFRESH_MS);
    return () => clearInterval(timer);
  }, [refresh]);
  return { runs, error, refresh };
}

export function RunPanel({ api, products }: { api: Api; products: Product[] }) {
  const [form, setForm] = useState(DEFAULT_FORM);
  const [chosen, setChosen] = useState(() => chosenRun(browserPlace()));
  const recent = useRecentRuns(api);
  const followed = useRun(api, chosen, recent.refresh);
  const choose = (id: string) => {
    setChosen(id);
    showRunInAddress(browserPlace(), id);
  };

  return (
    <>
      <section className="panel" aria-labelledby="choose-title">
        <h2 id="choose-title">Choose a portfolio</h2>
        <RunForm
          api={api}
          products={products}
          values={form}
          onChange={setForm}
          onStarted={(run) => {
            choose(run.run_id);
            recent.refresh();
          }}
        />
      </section>
      {chosen !== null && (
        <RunInSight api={api} followed={followed} onAgain={(run) => setForm(formOf(run.specification))} />
      )}
      <section className="panel" aria-labelledby="recent-title">
        <h2 id="recent-title">Recent runs</h2>
        {recent.error !== null && <p className="problem">{recent.error}</p>}
        {recent.runs !== null && (
          <RunList runs={withNewest(recent.runs, followed.run)} chosen={chosen} onChoose={choose} />
        )}
      </section>
    </>
  );
}

interface RunInSightProps {
  api: Api;
  followed: FollowedRun;
  onAgain: (run: ChoosingRun) => void;
}

function RunInSight({ api, followed, onAgain }: RunInSightProps) {
  const { run, progress, connected, error } = followed;
  return (
    <section className="panel" aria-labelledby="run-title">
      <div className="panel-head">
        <h2 id="run-title">
          {run === null ? "Run" : titleOf(run)}
        </h2>
        {run?.kind === "portfolio" && isChoosing(run) && isFinal(run.status) && (
          <button type="button" onClick={() => onAgain(run)}>Use these settings</button>
        )}
      </div>
      {error !== null && <p className="problem" role="alert">{error}</p>}
      {run === null && error === null && <p className="quiet">Loading the run…</p>}
      {run !== null && !isFinal(run.status) && (
        <RunProgress key={run.run_id} api={api} run={run} progress={progress} connected={connected} />
      )}
      {run?.status === "failed" && <p className="problem">{errorText(run.error)}</p>}
      {run?.status === "cancelled" && <p className="quiet">This run was cancelled.</p>}
      {run?.status === "succeeded" && <Outcome run={run} />}
      {run !== null && <p className="run-id">Run {run.run_id}</p>}
    </section>
  );
}

function Outcome({ run }: { run: Run }) {
  if (run.result == null) return <p className="quiet">Loading the result…</p>;
  const choice = choiceOf(run);
  return choice !== null && isChoosing(run) ? (
    <RunResult run={run} result={choice} />
  ) : (
    <RunFacts result={run.result} />
  );
}
