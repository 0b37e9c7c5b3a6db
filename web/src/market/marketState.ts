// Own the live curve of one product: the polled curve with newer quotes and trades laid over it.

import type { Curve, CurvePoint, Gap, Healed, Quote, Trade } from "../api/types";
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
  trades: ReadonlyMap<string, Trade>;
  ticks: ReadonlyMap<string, Tick>;
  /** Set while messages of every contract may be missing; the next quote or trade clears it. */
  gap: string | null;
  /** Contracts not heard since a gap: what they show may be wrong. */
  suspect: ReadonlySet<string>;
  /** Contracts silent for longer than their limit while their market is open. */
  stale: ReadonlySet<string>;
  /** When this page last received a quote or trade; a sandbox's own clock may show another day. */
  quotedAtMs: number | null;
}

export type MarketAction =
  | { type: "reset" }
  | { type: "curve"; curve: Curve }
  | { type: "prices"; quotes: Quote[]; trades: Trade[]; atMs: number }
  | { type: "gap"; gap: Gap }
  | { type: "healed"; healed: Healed }
  | { type: "silence"; contract: string; stale: boolean }
  | { type: "marks"; stale: string[]; suspect: string[] };

/** What keeps a contract's price from being trusted; the worse of the two. */
export type Mark = "suspect" | "stale";

export function markOf(state: Pick<MarketState, "suspect" | "stale">, contract: string): Mark | null {
  if (state.suspect.has(contract)) return "suspect";
  return state.stale.has(contract) ? "stale" : null;
}

export const EMPTY_MARKET: MarketState = {
  curve: null,
  quotes: new Map(),
  trades: new Map(),
  ticks: new Map(),
  gap: null,
  suspect: new Set(),
  stale: new Set(),
  quotedAtMs: null,
};

const GAP_WORDS: Record<string, string> = {
  sequence: "the feed skipped messages",
  silence: "the feed went silent",
  disconnected: "the feed lost its connection",
  trimmed: "this page fell behind the stream",
};

export const gapWords = (reason: string | undefined): string =>
  (reason === undefined ? undefined : GAP_WORDS[reason]) ?? "the feed was interrupted";

const timeOf = (text: string | null): number => (text === null ? -Infinity : Date.parse(text));

type Timed = { contract: string; event_time: string };

function overlay(point: CurvePoint, quotes: MarketState["quotes"], trades: MarketState["trades"]): CurvePoint {
  const newer = <T extends Timed>(found: T | undefined): T | undefined =>
    found !== undefined && timeOf(found.event_time) >= timeOf(point.event_time) ? found : undefined;
  const quote = newer(quotes.get(point.contract));
  const trade = newer(trades.get(point.contract));
  const newest = timeOf(trade?.event_time ?? null) > timeOf(quote?.event_time ?? null) ? trade : quote;
  if (newest === undefined) return point;
  const { bid, ask } = quote ?? point;
  const known = { ...point, bid, ask, last: trade?.price ?? point.last, event_time: newest.event_time };
  const mid = bid !== null && ask !== null ? middle(bid, ask) : null;
  if (mid !== null) return { ...known, price: mid, basis: "mid" };
  if (known.last !== null) return { ...known, price: known.last, basis: "last" };
  return known.settlement === null ? known : { ...known, price: known.settlement, basis: "settlement" };
}

/** Add events to the newest known of each contract; one that comes late changes nothing. */
function newestOf<T extends Timed>(known: ReadonlyMap<string, T>, events: T[]): ReadonlyMap<string, T> {
  if (events.length === 0) return known;
  const next = new Map(known);
  for (const event of events) {
    if (timeOf(event.event_time) >= timeOf(next.get(event.contract)?.event_time ?? null)) {
      next.set(event.contract, event);
    }
  }
  return next;
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

function withCurve(state: MarketState, curve: Curve): MarketState {
  const points = curve.points.map((point) => overlay(point, state.quotes, state.trades));
  const after = { ...curve, points };
  return { ...state, curve: after, ticks: ticksBetween(state.curve, after, state.ticks) };
}

const monthOf = (instrument: string): string => instrument.slice(instrument.indexOf("-") + 1);

function without(known: ReadonlySet<string>, contracts: Iterable<string>): ReadonlySet<string> {
  const gone = [...contracts].filter((contract) => known.has(contract));
  if (gone.length === 0) return known;
  const next = new Set(known);
  for (const contract of gone) next.delete(contract);
  return next;
}

function withGap(state: MarketState, gap: Gap): MarketState {
  // A stream that has just started has no past to have lost.
  if (gap.reason === "started") return state;
  const named = gap.instruments ?? [];
  if (named.length > 0) return { ...state, suspect: new Set([...state.suspect, ...named.map(monthOf)]) };
  return { ...state, gap: gapWords(gap.reason) };
}

function withHealed(state: MarketState, healed: Healed): MarketState {
  const named = healed.instruments ?? [];
  const suspect = named.length === 0 ? new Set<string>() : without(state.suspect, named.map(monthOf));
  return { ...state, gap: null, suspect };
}

function withSilence(state: MarketState, contract: string, isStale: boolean): MarketState {
  const stale = isStale ? new Set([...state.stale, contract]) : without(state.stale, [contract]);
  return { ...state, stale };
}

const holdsJust = (known: ReadonlySet<string>, contracts: string[]): boolean =>
  known.size === contracts.length && contracts.every((contract) => known.has(contract));

// They are asked for every few seconds and seldom differ: then nothing is drawn again.
function withMarks(state: MarketState, stale: string[], suspect: string[]): MarketState {
  if (holdsJust(state.stale, stale) && holdsJust(state.suspect, suspect)) return state;
  return { ...state, stale: new Set(stale), suspect: new Set(suspect) };
}

export function marketReducer(state: MarketState, action: MarketAction): MarketState {
  switch (action.type) {
    case "reset":
      return EMPTY_MARKET;
    case "curve":
      return withCurve(state, action.curve);
    case "gap":
      return withGap(state, action.gap);
    case "healed":
      return withHealed(state, action.healed);
    case "silence":
      return withSilence(state, action.contract, action.stale);
    case "marks":
      return withMarks(state, action.stale, action.suspect);
    case "prices": {
      const heard = [...action.quotes, ...action.trades].map((event) => event.contract);
      const next = {
        ...state,
        gap: null,
        suspect: without(state.suspect, heard),
        stale: without(state.stale, heard),
        quotedAtMs: action.atMs,
        quotes: newestOf(state.quotes, action.quotes),
        trades: newestOf(state.trades, action.trades),
      };
      return state.curve === null ? next : withCurve(next, state.curve);
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
