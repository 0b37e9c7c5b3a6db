import { describe, expect, it } from "vitest";
import type { Curve, CurvePoint, Quote } from "../api/types";
import { changeOf, EMPTY_MARKET, markOf, marketReducer, type MarketAction, type MarketState } from "./marketState";

const point = (over: Partial<CurvePoint> = {}): CurvePoint => ({
  position: 1,
  contract: "202612",
  symbol: "CLZ26",
  last_trade_date: "2026-11-19",
  price: "71.42",
  basis: "mid",
  bid: "71.41",
  ask: "71.43",
  last: null,
  settlement: "71.00",
  event_time: "2026-10-01T14:00:00Z",
  ...over,
});

const curve = (...points: CurvePoint[]): Curve => ({
  product: "CL",
  source: "sandbox",
  as_of: "2026-10-01",
  as_of_time: "2026-10-01T14:00:00Z",
  version: 1,
  live: true,
  gap: false,
  currency: "USD",
  price_unit: "bbl",
  points,
});

const quote = (over: Partial<Quote> = {}): Quote => ({
  product: "CL",
  contract: "202612",
  symbol: "CLZ26",
  bid: "71.50",
  bid_size: 4,
  ask: "71.53",
  ask_size: 2,
  source: "sandbox",
  event_time: "2026-10-01T14:00:01Z",
  ...over,
});

const start = marketReducer(EMPTY_MARKET, { type: "curve", curve: curve(point()) });
const front = (state: typeof start) => state.curve?.points[0];

describe("marketReducer", () => {
  it("lays a newer quote over its point and marks the move", () => {
    const state = marketReducer(start, { type: "prices", trades: [], quotes: [quote()], atMs: 5 });
    expect(front(state)).toMatchObject({ price: "71.515", basis: "mid", bid: "71.50", ask: "71.53" });
    expect(state.quotedAtMs).toBe(5);
    expect(state.ticks.get("202612")).toEqual({ direction: "up", count: 1 });
  });

  it("ignores an older quote, also when a later poll is newer", () => {
    const late = quote({ event_time: "2026-10-01T13:59:59Z" });
    expect(front(marketReducer(start, { type: "prices", trades: [], quotes: [late], atMs: 5 }))?.price).toBe("71.42");
    const quoted = marketReducer(start, { type: "prices", trades: [], quotes: [quote()], atMs: 5 });
    const polled = curve(point({ price: "71.60", event_time: "2026-10-01T14:00:02Z" }));
    expect(front(marketReducer(quoted, { type: "curve", curve: polled }))?.price).toBe("71.60");
  });

  it("keeps quotes that arrive before the first curve", () => {
    const early = marketReducer(EMPTY_MARKET, { type: "prices", trades: [], quotes: [quote()], atMs: 5 });
    expect(front(marketReducer(early, { type: "curve", curve: curve(point()) }))?.price).toBe("71.515");
  });

  it("falls back to last, then settlement, when one side is gone", () => {
    const oneSided = quote({ ask: null });
    expect(front(marketReducer(start, { type: "prices", trades: [], quotes: [oneSided], atMs: 5 }))).toMatchObject({
      price: "71.00",
      basis: "settlement",
    });
    const traded = marketReducer(EMPTY_MARKET, { type: "curve", curve: curve(point({ last: "71.44" })) });
    expect(front(marketReducer(traded, { type: "prices", trades: [], quotes: [oneSided], atMs: 5 }))).toMatchObject({
      price: "71.44",
      basis: "last",
    });
  });

  it("takes a trade as the last price, and as the price where no quote has two sides", () => {
    const trade = { product: "CL", contract: "202612", price: "71.47", source: "sandbox", event_time: "2026-10-01T14:00:02Z" };
    const traded = marketReducer(start, { type: "prices", quotes: [], trades: [trade], atMs: 5 });
    expect(front(traded)).toMatchObject({ price: "71.42", basis: "mid", last: "71.47", bid: "71.41" });
    const both = marketReducer(start, { type: "prices", quotes: [quote({ bid: null })], trades: [trade], atMs: 5 });
    expect(front(both)).toMatchObject({ price: "71.47", basis: "last", event_time: trade.event_time });
  });

  it("holds a gap until the next quote, but not the start of a stream", () => {
    expect(marketReducer(start, { type: "gap", gap: { reason: "started" } }).gap).toBeNull();
    const broken = marketReducer(start, { type: "gap", gap: { reason: "silence" } });
    expect(broken.gap).toBe("the feed went silent");
    expect(marketReducer(broken, { type: "prices", trades: [], quotes: [quote()], atMs: 5 }).gap).toBeNull();
  });
});

describe("marks", () => {
  const after = (...actions: MarketAction[]): MarketState => actions.reduce(marketReducer, start);
  const gapOf = (...instruments: string[]): MarketAction => ({ type: "gap", gap: { reason: "sequence", instruments } });

  it("suspects just the contracts that a gap names, until each is heard again", () => {
    const state = after(gapOf("CL-202612", "CL-202701"));
    expect(state.gap).toBeNull();
    expect([markOf(state, "202612"), markOf(state, "202701"), markOf(state, "202702")]).toEqual(["suspect", "suspect", null]);
    const heard = marketReducer(state, { type: "prices", trades: [], quotes: [quote()], atMs: 5 });
    expect([markOf(heard, "202612"), markOf(heard, "202701")]).toEqual([null, "suspect"]);
  });

  it("trusts again what is healed, and everything when none is named", () => {
    const suspect = after(gapOf("CL-202612", "CL-202701"));
    const one = marketReducer(suspect, { type: "healed", healed: { instruments: ["CL-202701"] } });
    expect([markOf(one, "202612"), markOf(one, "202701")]).toEqual(["suspect", null]);
    const all = marketReducer(after({ type: "gap", gap: { reason: "silence" } }, gapOf("CL-202612")), { type: "healed", healed: {} });
    expect([all.gap, markOf(all, "202612")]).toEqual([null, null]);
  });

  it("calls a contract stale until it speaks", () => {
    const silent = after({ type: "silence", contract: "202612", stale: true });
    expect(markOf(silent, "202612")).toBe("stale");
    expect(markOf(marketReducer(silent, { type: "silence", contract: "202612", stale: false }), "202612")).toBeNull();
    expect(markOf(marketReducer(silent, { type: "prices", trades: [], quotes: [quote()], atMs: 5 }), "202612")).toBeNull();
  });

  it("says the worse of two marks", () => {
    expect(markOf(after({ type: "silence", contract: "202612", stale: true }, gapOf("CL-202612")), "202612")).toBe("suspect");
  });

  it("takes what the feeds tell, and stays itself when they tell nothing new", () => {
    const told = after(gapOf("CL-202701"), { type: "marks", stale: ["202612"], suspect: [] });
    expect([markOf(told, "202612"), markOf(told, "202701")]).toEqual(["stale", null]);
    expect(marketReducer(told, { type: "marks", stale: ["202612"], suspect: [] })).toBe(told);
  });

  it("says when this page itself fell behind", () => {
    expect(after({ type: "gap", gap: { reason: "trimmed", instruments: [] } }).gap).toBe("this page fell behind the stream");
  });
});

describe("changeOf", () => {
  it("is exact, and has no share of a settlement at or below zero", () => {
    expect(changeOf(point())).toEqual({ change: "0.42", share: 0.42 / 71 });
    expect(changeOf(point({ price: "-36.63", settlement: "-37.63" }))).toEqual({ change: "1", share: null });
  });

  it("is nothing where the settlement itself is the price", () => {
    expect(changeOf(point({ basis: "settlement" }))).toBeNull();
    expect(changeOf(point({ settlement: null }))).toBeNull();
  });
});
