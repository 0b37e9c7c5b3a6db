import { describe, expect, it } from "vitest";
import type { Feed } from "../api/types";
import { lastMessageMs, marksOf, someOf, STATUS_WORDS, toneOf } from "./feedRules";

const feed = (over: Partial<Feed> = {}): Feed => ({
  venue: "cme",
  status: "connected",
  reason: null,
  source: "sandbox",
  age_s: 0.5,
  symbols: 3,
  stale: [],
  suspect: [],
  gaps: 0,
  missed: 0,
  behind: 0,
  ...over,
});

describe("toneOf", () => {
  it("is good only for a feed that is whole, and bad for one that brings nothing", () => {
    expect(toneOf("connected")).toBe("good");
    expect([toneOf("stale"), toneOf("degraded"), toneOf("gap")]).toEqual(["warn", "warn", "warn"]);
    expect([toneOf("disconnected"), toneOf("unreachable")]).toEqual(["bad", "bad"]);
  });

  it("has words for every status", () => {
    expect(new Set(Object.values(STATUS_WORDS)).size).toBe(6);
  });
});

describe("someOf", () => {
  it("names all of a few and counts the rest of many", () => {
    expect(someOf([])).toBe("");
    expect(someOf(["CL-202612", "NBP-202701"])).toBe("CLZ26 NBPF27");
    expect(someOf(["CL-202612", "CL-202701", "CL-202702"], 2)).toBe("CLZ26 CLF27 and 1 more");
  });
});

describe("lastMessageMs", () => {
  it("counts back from when it was read, on the page's own clock", () => {
    expect(lastMessageMs(feed({ age_s: 2.5 }), 10_000)).toBe(7_500);
    expect(lastMessageMs(feed({ age_s: null }), 10_000)).toBeNull();
  });
});

describe("marksOf", () => {
  it("takes the months of one product, whatever venue tells of them", () => {
    const feeds = [
      feed({ stale: ["CL-202612", "NG-202612"], suspect: ["CL-202701"] }),
      feed({ venue: "ice", stale: ["B-202612", "CLX-202612"] }),
    ];
    expect(marksOf(feeds, "CL")).toEqual({ stale: ["202612"], suspect: ["202701"] });
    expect(marksOf(feeds, "B")).toEqual({ stale: ["202612"], suspect: [] });
    expect(marksOf([], "CL")).toEqual({ stale: [], suspect: [] });
  });
});
