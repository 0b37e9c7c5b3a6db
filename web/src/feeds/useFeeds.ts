// Own keeping the health of the feeds current: asked now and then, and soon after a mark.

import { useCallback, useEffect, useRef, useState } from "react";
import { type Api, messageOf } from "../api/client";
import type { Feed } from "../api/types";

const POLL_MS = 3_000;
// Marks come in bursts, one a contract.
const SOON_MS = 300;

export interface Feeds {
  items: Feed[] | null;
  readAtMs: number;
  error: string | null;
  /** Ask again soon: the stream has told of a gap or a silence. */
  lookSoon: () => void;
}

export function useFeeds(api: Api): Feeds {
  const [read, setRead] = useState<{ items: Feed[] | null; readAtMs: number }>({ items: null, readAtMs: 0 });
  const [error, setError] = useState<string | null>(null);
  const soon = useRef<() => void>(() => undefined);

  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const after = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => void look(), ms);
    };
    const look = async () => {
      try {
        const items = await api.feeds(stop.signal);
        if (stop.signal.aborted) return;
        setRead({ items, readAtMs: Date.now() });
        setError(null);
      } catch (failure) {
        if (stop.signal.aborted) return;
        setError(messageOf(failure));
      }
      after(POLL_MS);
    };
    soon.current = () => after(SOON_MS);
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
      soon.current = () => undefined;
    };
  }, [api]);

  const lookSoon = useCallback(() => soon.current(), []);
  return { ...read, error, lookSoon };
}
