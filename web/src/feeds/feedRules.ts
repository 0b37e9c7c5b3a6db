// Own what the health of feeds means on the page: words, tones, ages, and marks on contracts.

import type { Feed, FeedStatus } from "../api/types";
import { labelSymbol } from "../format/text";

export const STATUS_WORDS: Record<FeedStatus, string> = {
  connected: "Connected",
  stale: "Connected, some silent",
  degraded: "Degraded: unreadable messages",
  gap: "Gap: messages may be missing",
  disconnected: "Disconnected",
  unreachable: "Does not answer",
};

export type Tone = "good" | "warn" | "bad";

export function toneOf(status: FeedStatus): Tone {
  if (status === "connected") return "good";
  return status === "disconnected" || status === "unreachable" ? "bad" : "warn";
}

const LISTED = 6;

/** Name the first few contracts, such as "CLZ26 CLF27 and 3 more". */
export function someOf(instruments: string[], listed = LISTED): string {
  const more = instruments.length - listed;
  const named = instruments.slice(0, listed).map(labelSymbol).join(" ");
  return more > 0 ? `${named} and ${more} more` : named;
}

/** When the last message came, on this page's clock. */
export const lastMessageMs = (feed: Pick<Feed, "age_s">, readAtMs: number): number | null =>
  feed.age_s === null ? null : readAtMs - feed.age_s * 1000;

/** Months of a product that its feeds call stale or suspect. */
export function marksOf(feeds: Feed[], product: string): { stale: string[]; suspect: string[] } {
  const prefix = `${product}-`;
  const months = (names: string[]) =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return {
    stale: feeds.flatMap((feed) => months(feed.stale)),
    suspect: feeds.flatMap((feed) => months(feed.suspect)),
  };
}
