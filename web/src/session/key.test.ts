import { describe, expect, it } from "vitest";
import { chosenRun, forgetKey, type Place, showRunInAddress, takeKey } from "./key";

function place(hash: string, stored?: string) {
  const values = new Map(stored === undefined ? [] : [["heliostat.key", stored]]);
  const location = { hash, pathname: "/", search: "?theme=x" };
  const made: Place & { address: () => string; stored: () => string | undefined } = {
    location,
    history: {
      replaceState: (_state, _title, url) => {
        location.hash = new URL(String(url), "http://localhost").hash;
      },
    },
    storage: {
      getItem: (name) => values.get(name) ?? null,
      setItem: (name, value) => void values.set(name, value),
      removeItem: (name) => void values.delete(name),
    },
    address: () => location.pathname + location.search + location.hash,
    stored: () => values.get("heliostat.key"),
  };
  return made;
}

describe("takeKey", () => {
  it("reads the fragment, stores the key and wipes it from the address", () => {
    const here = place("#key=hel_abc+/%3D");
    expect(takeKey(here)).toBe("hel_abc+/=");
    expect(here.stored()).toBe("hel_abc+/=");
    expect(here.address()).toBe("/?theme=x");
  });

  it("keeps the rest of the fragment", () => {
    const here = place("#run=0193-a&key=secret");
    expect(takeKey(here)).toBe("secret");
    expect(here.location.hash).toBe("#run=0193-a");
  });

  it("prefers a new key to the stored one, and the stored one to none", () => {
    expect(takeKey(place("#key=new", "old"))).toBe("new");
    expect(takeKey(place("", "old"))).toBe("old");
    expect(takeKey(place("#key=", "old"))).toBe("old");
    expect(takeKey(place(""))).toBeNull();
  });

  it("works without storage", () => {
    const here = place("#key=k");
    here.storage = {
      getItem: () => {
        throw new DOMException("denied");
      },
      setItem: () => {
        throw new DOMException("denied");
      },
      removeItem: () => undefined,
    };
    expect(takeKey(here)).toBe("k");
    expect(takeKey(here)).toBeNull();
  });

  it("is gone after forgetKey", () => {
    const here = place("", "old");
    forgetKey(here);
    expect(takeKey(here)).toBeNull();
  });
});

describe("the chosen run", () => {
  it("lives in the fragment", () => {
    const here = place("");
    showRunInAddress(here, "0193-a");
    expect(chosenRun(here)).toBe("0193-a");
    showRunInAddress(here, null);
    expect(here.address()).toBe("/?theme=x");
  });
});
