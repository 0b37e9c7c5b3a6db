// Own the panel of the feeds: whether each is connected, whole and fresh, and who is silent.

import type { Feed } from "../api/types";
import { ago, count } from "../format/text";
import { useNow } from "../ui/useNow";
import { lastMessageMs, someOf, STATUS_WORDS, toneOf } from "./feedRules";
import type { Feeds } from "./useFeeds";

export function FeedsPanel({ feeds }: { feeds: Feeds }) {
  const { items, error, readAtMs } = feeds;
  return (
    <section className="panel feeds" aria-labelledby="feeds-title">
      <h2 id="feeds-title">Feeds</h2>
      <div role="status">
        {error !== null && <p className="problem">The feeds cannot be told: {error}</p>}
      </div>
      {items === null ? (
        error === null && <p className="quiet">Asking the feeds…</p>
      ) : items.length === 0 ? (
        <p className="quiet">This stack runs no feeds.</p>
      ) : (
        <ul>
          {items.map((feed) => (
            <Row key={feed.venue} feed={feed} readAtMs={readAtMs} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Row({ feed, readAtMs }: { feed: Feed; readAtMs: number }) {
  const heardAtMs = lastMessageMs(feed, readAtMs);
  return (
    <li>
      <div className="feed-line">
        <strong>{feed.venue.toUpperCase()}</strong>
        {feed.source === "sandbox" && <span className="badge badge-simulated">sandbox</span>}
        <span className={`feed-state feed-${toneOf(feed.status)}`}>{STATUS_WORDS[feed.status]}</span>
        <span className="quiet feed-age">
          {feed.status === "unreachable" ? feed.reason : heardAtMs === null ? "no message yet" : <Age ms={heardAtMs} />}
        </span>
      </div>
      {feed.stale.length > 0 && <p>Silent: {someOf(feed.stale)}</p>}
      {feed.suspect.length > 0 && <p>Not heard since a gap: {someOf(feed.suspect)}</p>}
      {(feed.gaps ?? 0) > 0 && (
        <p className="quiet">
          {count(feed.gaps ?? 0)} {feed.gaps === 1 ? "gap" : "gaps"} since its start, {count(feed.missed ?? 0)} messages missed
        </p>
      )}
    </li>
  );
}

function Age({ ms }: { ms: number }) {
  const now = useNow(1000);
  return (
    <>
      last message <time dateTime={new Date(ms).toISOString()}>{ago(ms, now)}</time>
    </>
  );
}
