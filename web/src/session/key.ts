// Own the API key and the chosen run: both arrive in the fragment, only the run stays there.

const STORAGE_KEY = "heliostat.key";

export interface Place {
  location: Pick<Location, "hash" | "pathname" | "search">;
  history: Pick<History, "replaceState">;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
}

export const browserPlace = (): Place => ({
  location: window.location,
  history: window.history,
  storage: window.sessionStorage,
});

// Percent-decoding only: URLSearchParams would turn a "+" inside a key into a space.
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

function writeFragment(place: Place, values: Map<string, string>): void {
  const hash = [...values].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  const { pathname, search } = place.location;
  place.history.replaceState(null, "", `${pathname}${search}${hash === "" ? "" : `#${hash}`}`);
}

/** Take the key from the fragment (and wipe it there), else from this tab's storage. */
export function takeKey(place: Place): string | null {
  const values = fragmentValues(place.location.hash);
  if (values.has("key")) {
    const key = values.get("key")?.trim() ?? "";
    values.delete("key");
    writeFragment(place, values);
    if (key !== "") {
      rememberKey(place, key);
      return key;
    }
  }
  try {
    return place.storage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}

export function rememberKey(place: Place, key: string): void {
  try {
    place.storage.setItem(STORAGE_KEY, key);
  } catch {
    // Storage may be switched off; the key then lives as long as the page.
  }
}

export function forgetKey(place: Place): void {
  try {
    place.storage.removeItem(STORAGE_KEY);
  } catch {
    // Nothing was stored, so nothing is left behind.
  }
}

export const chosenRun = (place: Place): string | null =>
  fragmentValues(place.location.hash).get("run") ?? null;

/** Put the run into the address, so that a reload or a colleague sees the same one. */
export function showRunInAddress(place: Place, runId: string | null): void {
  const values = fragmentValues(place.location.hash);
  if (runId === null) values.delete("run");
  else values.set("run", runId);
  writeFragment(place, values);
}
