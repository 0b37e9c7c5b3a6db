// Own keeping one product live: poll the curve, follow its quotes, tell when either fails.

import { useEffect, useReducer, useState } from "react";
import { type Api, messageOf } from "../api/client";
import { parseJson } from "../api/json";
import { follow } from "../api/stream";
import type { Feed, Gap, Healed, Quote, Silence, Trade } from "../api/types";
import { marksOf } from "../feeds/feedRules";
import { EMPTY_MARKET, marketReducer, type MarketState } from "./marketState";

const POLL_MS = 15_000;
const RETRY_MS = 3_000;
// Ten repaints a second are as many as an eye can use.
const FLUSH_MS = 100;
// Settlements come in a burst, one a contract.
const SOON_MS = 500;

export type Connection =
  | { state: "settled" }
  | { state: "connecting" }
  | { state: "open" }
  | { state: "down"; sinceMs: number; reason: string };

export interface Market extends MarketState {
  connection: Connection;
  error: string | null;
}

/**
 * Keep `product` live; with a `settledSource` show what that source settled last instead.
 *
 * `feeds` tell what was silent or suspect before this page listened; `onMark` is called when the
 * stream tells of more, or of less.
 */
export function useMarket(
  api: Api,
  product: string | null,
  settledSource: string | null,
  feeds: Feed[] | null,
  onMark: () => void,
): Market {
  const [state, dispatch] = useReducer(marketReducer, EMPTY_MARKET);
  const [connection, setConnection] = useState<Connection>({ state: "connecting" });
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    dispatch({ type: "reset" });
    setConnection({ state: settledSource === null ? "connecting" : "settled" });
    setError(null);
    if (product === null) return;
    const stop = new AbortController();
    let pollTimer: ReturnType<typeof setTimeout> | undefined;
    let flushTimer: ReturnType<typeof setTimeout> | undefined;
    let quotes: Quote[] = [];
    let trades: Trade[] = [];
    let interrupted = false;

    const poll = async () => {
      clearTimeout(pollTimer);
      let delay = POLL_MS;
      try {
        const curve = await api.curve(product, settledSource, stop.signal);
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
    const pollSoon = () => {
      clearTimeout(pollTimer);
      pollTimer = setTimeout(() => void poll(), SOON_MS);
    };

    const flush = () => {
      clearTimeout(flushTimer);
      flushTimer = undefined;
      dispatch({ type: "prices", quotes, trades, atMs: Date.now() });
      quotes = [];
      trades = [];
      if (interrupted) {
        interrupted = false;
        void poll();
      }
    };

    const onEvent = ({ event, data }: { event: string; data: string }) => {
      if (event === "quote" || event === "trade") {
        if (event === "quote") quotes.push(parseJson<Quote>(data));
        else trades.push(parseJson<Trade>(data));
        flushTimer ??= setTimeout(flush, FLUSH_MS);
      } else if (event === "settlement") {
        pollSoon();
      } else if (event === "gap" || event === "healed" || event === "stale" || event === "fresh") {
        // Quotes from before a mark must not end it.
        if (flushTimer !== undefined) flush();
        onMark();
        if (event === "gap") {
          interrupted = true;
          dispatch({ type: "gap", gap: parseJson<Gap>(data) });
        } else if (event === "healed") {
          dispatch({ type: "healed", healed: parseJson<Healed>(data) });
        } else {
          const { contract } = parseJson<Silence>(data);
          dispatch({ type: "silence", contract, stale: event === "stale" });
        }
      }
    };

    const leave = () => {
      stop.abort();
      clearTimeout(pollTimer);
      clearTimeout(flushTimer);
    };
    void poll();
    if (settledSource !== null) return leave;
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
    return leave;
  }, [api, product, settledSource, onMark]);

  useEffect(() => {
    if (feeds !== null && product !== null) dispatch({ type: "marks", ...marksOf(feeds, product) });
  }, [feeds, product]);

  return { ...state, connection, error };
}
