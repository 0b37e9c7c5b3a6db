// Own the live curve of one product: the polled curve with newer quotes laid over it.

import type { Curve, CurvePoint, Gap, Quote } from "../api/types";
import { isSame, middle, signOf, subtract } from "../format/decimal";

export type Direction = "up" | "down";

export interface Tick {
  direction: Direction;
  /** Rises with every change, so that a repeated move in one direction shows again. */
  count: number;
}

export interface MarketState {
  curve: Curve | null;
  quotes: ReadonlyMap<string, Quote>;
  ticks: ReadonlyMap<string, Tick>;
  /** Set while messages may be missing; the next quote clears it. */
  gap: string | null;
  /** When this page last received a quote; a sandbox's own clock may show another day. */
  quotedAtMs: number | null;
}

export type MarketAction =
  | { type: "reset" }
  | { type: "curve"; curve: Curve }
  | { type: "quotes"; quotes: Quote[]; atMs: number }
  | { type: "gap"; gap: Gap };

export const EMPTY_MARKET: MarketState = {
  curve: null,
  quotes: new Map(),
  ticks: new Map(),
  gap: null,
  quotedAtMs: null,
};

const GAP_WORDS: Record<string, string> = {
  sequence: "the feed skipped messages",
  silence: "the feed went silent",
  disconnected: "the feed lost its connection",
};

export const gapWords = (reason: string | undefined): string =>
  (reason === undefined ? undefined : GAP_WORDS[reason]) ?? "the feed was interrupted";

const timeOf = (text: string | null): number => (text === null ? -Infinity : Date.parse(text));

function overlay(point: CurvePoint, quote: Quote | undefined): CurvePoint {
  if (quote === undefined || timeOf(quote.event_time) < timeOf(point.event_time)) return point;
  const { bid, ask, event_time } = quote;
  const mid = bid !== null && ask !== null ? middle(bid, ask) : null;
  if (mid !== null) return { ...point, bid, ask, event_time, price: mid, basis: "mid" };
  const known = point.last ?? point.settlement ?? point.price;
  const basis = point.last !== null ? "last" : point.settlement !== null ? "settlement" : point.basis;
  return { ...point, bid, ask, event_time, price: known, basis };
}

function ticksBetween(before: Curve | null, after: Curve, ticks: ReadonlyMap<string, Tick>) {
  const old = new Map(before?.points.map((point) => [point.contract, point.price]));
  const next = new Map(ticks);
  for (const { contract, price } of after.points) {
    const previous = old.get(contract);
    if (previous === undefined || previous === price || isSame(price, previous)) continue;
    const move = signOf(subtract(price, previous) ?? "0");
    if (move === 0) continue;
    const count = (ticks.get(contract)?.count ?? 0) + 1;
    next.set(contract, { direction: move > 0 ? "up" : "down", count });
  }
  return next;
}

function withCurve(state: MarketState, curve: Curve, quotes: ReadonlyMap<string, Quote>): MarketState {
  const points = curve.points.map((point) => overlay(point, quotes.get(point.contract)));
  const after = { ...curve, points };
  return { ...state, curve: after, quotes, ticks: ticksBetween(state.curve, after, state.ticks) };
}

export function marketReducer(state: MarketState, action: MarketAction): MarketState {
  switch (action.type) {
    case "reset":
      return EMPTY_MARKET;
    case "curve":
      return withCurve(state, action.curve, state.quotes);
    case "gap":
      // A stream that has just started has no past to have lost.
      return action.gap.reason === "started" ? state : { ...state, gap: gapWords(action.gap.reason) };
    case "quotes": {
      const quotes = new Map(state.quotes);
      for (const quote of action.quotes) {
        const known = quotes.get(quote.contract);
        if (known === undefined || timeOf(quote.event_time) >= timeOf(known.event_time)) {
          quotes.set(quote.contract, quote);
        }
      }
      const next = { ...state, gap: null, quotedAtMs: action.atMs };
      if (state.curve === null) return { ...next, quotes };
      return withCurve(next, state.curve, quotes);
    }
  }
}

/** Change of a point since its settlement, and the same as a share of it where that has meaning. */
export function changeOf(point: CurvePoint): { change: string; share: number | null } | null {
  if (point.settlement === null || point.basis === "settlement") return null;
  const change = subtract(point.price, point.settlement);
  if (change === null) return null;
  const base = Number(point.settlement);
  return { change, share: base > 0 ? Number(change) / base : null };
}
