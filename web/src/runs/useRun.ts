// Own following one run from its first event to its result.

import { useEffect, useState } from "react";
import { type Api, messageOf } from "../api/client";
import { parseJson } from "../api/json";
import { follow, isPermanent } from "../api/stream";
import { isFinal, type Run, type RunEvent } from "../api/types";
import { addEvent, NO_PROGRESS, type Progress } from "./progress";

const RETRIES_MS = [500, 2_000, 5_000];

export interface FollowedRun {
  run: Run | null;
  progress: Progress;
  /** False while the event stream is being reconnected. */
  connected: boolean;
  error: string | null;
}

const NOTHING: FollowedRun = { run: null, progress: NO_PROGRESS, connected: true, error: null };

async function load(api: Api, id: string, signal: AbortSignal): Promise<Run> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await api.run(id);
    } catch (failure) {
      const delay = RETRIES_MS[attempt];
      if (delay === undefined || isPermanent(failure) || signal.aborted) throw failure;
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}

const afterStep = (run: Run, step: RunEvent): Run => ({
  ...run,
  status: step.status,
  ...(step.kind === "waiting" ? { waiting_for: step.why ?? null } : {}),
});

/** Follow the run; `onFinal` is called once, when a run that was under way has ended. */
export function useRun(api: Api, id: string | null, onFinal: () => void): FollowedRun {
  const [state, setState] = useState<FollowedRun>(NOTHING);

  useEffect(() => {
    setState(NOTHING);
    if (id === null) return;
    const stop = new AbortController();
    const patch = (change: (now: FollowedRun) => Partial<FollowedRun>) => {
      if (!stop.signal.aborted) setState((now) => ({ ...now, ...change(now) }));
    };

    const watch = async () => {
      const run = await load(api, id, stop.signal);
      patch(() => ({ run }));
      if (isFinal(run.status)) return;
      await follow(
        api,
        `/v1/streams/runs/${encodeURIComponent(id)}`,
        {
          onOpen: () => patch(() => ({ connected: true })),
          onDown: () => patch(() => ({ connected: false })),
          onEvent: ({ event, data }) => {
            if (event === "heartbeat" || data === "") return;
            const step = parseJson<RunEvent>(data);
            patch((now) => ({
              progress: addEvent(now.progress, step),
              run: now.run === null ? null : afterStep(now.run, step),
            }));
            return isFinal(step.status) ? "done" : undefined;
          },
        },
        stop.signal,
      );
      if (stop.signal.aborted) return;
      const ended = await load(api, id, stop.signal);
      patch(() => ({ run: ended, connected: true }));
      onFinal();
    };
    watch().catch((failure: unknown) => patch(() => ({ error: messageOf(failure) })));
    return () => stop.abort();
  }, [api, id, onFinal]);

  return state;
}
