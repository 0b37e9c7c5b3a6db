// Own the chosen run in the fragment of the address, so that a reload or a colleague sees it too.

export interface Place {
  location: Pick<Location, "hash" | "pathname" | "search">;
  history: Pick<History, "replaceState">;
}

export const browserPlace = (): Place => ({ location: window.location, history: window.history });

// Percent-decoding only: URLSearchParams would turn a "+" inside a value into a space.
function fragmentValues(hash: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const part of hash.replace(/^#/, "").split("&")) {
    const equals = part.indexOf("=");
    if (equals < 1) continue;
    const text = part.slice(equals + 1);
    try {
      values.set(part.slice(0, equals), decodeURIComponent(text));
    } catch {
      values.set(part.slice(0, equals), text);
    }
  }
  return values;
}

export const chosenRun = (place: Place): string | null =>
  fragmentValues(place.location.hash).get("run") ?? null;

/** Put the run into the address; the rest of the fragment stays. */
export function showRunInAddress(place: Place, runId: string | null): void {
  const values = fragmentValues(place.location.hash);
  if (runId === null) values.delete("run");
  else values.set("run", runId);
  const hash = [...values].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  const { pathname, search } = place.location;
  place.history.replaceState(null, "", `${pathname}${search}${hash === "" ? "" : `#${hash}`}`);
}
