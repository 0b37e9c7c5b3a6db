// Own keeping one product live: poll the curve, follow its quotes, tell when either fails.

import { useEffect, useReducer, useState } from "react";
import { type Api, messageOf } from "../api/client";
import { parseJson } from "../api/json";
import { follow } from "../api/stream";
import type { Gap, Quote } from "../api/types";
import { EMPTY_MARKET, marketReducer, type MarketState } from "./marketState";

const POLL_MS = 15_000;
const RETRY_MS = 3_000;
// Ten repaints a second are as many as an eye can use.
const FLUSH_MS = 100;

export type Connection =
  | { state: "connecting" }
  | { state: "open" }
  | { state: "down"; sinceMs: number; reason: string };

export interface Market extends MarketState {
  connection: Connection;
  error: string | null;
}

export function useMarket(api: Api, product: string | null): Market {
  const [state, dispatch] = useReducer(marketReducer, EMPTY_MARKET);
  const [connection, setConnection] = useState<Connection>({ state: "connecting" });
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    dispatch({ type: "reset" });
    setConnection({ state: "connecting" });
    setError(null);
    if (product === null) return;
    const stop = new AbortController();
    let pollTimer: ReturnType<typeof setTimeout> | undefined;
    let flushTimer: ReturnType<typeof setTimeout> | undefined;
    let waiting: Quote[] = [];
    let interrupted = false;

    const poll = async () => {
      clearTimeout(pollTimer);
      let delay = POLL_MS;
      try {
        const curve = await api.curve(product, stop.signal);
        if (stop.signal.aborted) return;
        dispatch({ type: "curve", curve });
        setError(null);
      } catch (failure) {
        if (stop.signal.aborted) return;
        setError(messageOf(failure));
        delay = RETRY_MS;
      }
      clearTimeout(pollTimer);
      pollTimer = setTimeout(() => void poll(), delay);
    };

    const flush = () => {
      clearTimeout(flushTimer);
      flushTimer = undefined;
      dispatch({ type: "quotes", quotes: waiting, atMs: Date.now() });
      waiting = [];
      if (interrupted) {
        interrupted = false;
        void poll();
      }
    };

    const onEvent = ({ event, data }: { event: string; data: string }) => {
      if (event === "quote") {
        const quote = parseJson<Quote>(data);
        if (quote.product !== product) return;
        waiting.push(quote);
        flushTimer ??= setTimeout(flush, FLUSH_MS);
      } else if (event === "gap") {
        // Quotes from before the gap must not end it.
        if (waiting.length > 0) flush();
        interrupted = true;
        dispatch({ type: "gap", gap: parseJson<Gap>(data) });
      }
    };

    void poll();
    void follow(
      api,
      `/v1/streams/quotes?products=${encodeURIComponent(product)}`,
      {
        onOpen: () => setConnection({ state: "open" }),
        onDown: (failure) => {
          interrupted = true;
          setConnection((now) =>
            now.state === "down"
              ? now
              : { state: "down", sinceMs: Date.now(), reason: messageOf(failure) },
          );
        },
        onEvent,
      },
      stop.signal,
    );
    return () => {
      stop.abort();
      clearTimeout(pollTimer);
      clearTimeout(flushTimer);
    };
  }, [api, product]);

  return { ...state, connection, error };
}
