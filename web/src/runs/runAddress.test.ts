import { describe, expect, it } from "vitest";
import { chosenRun, type Place, showRunInAddress } from "./runAddress";

function place(hash: string): Place & { address: () => string } {
  const location = { hash, pathname: "/", search: "?theme=x" };
  return {
    location,
    history: {
      replaceState: (_state, _title, url) => {
        location.hash = new URL(String(url), "http://localhost").hash;
      },
    },
    address: () => location.pathname + location.search + location.hash,
  };
}

describe("the chosen run", () => {
  it("lives in the fragment", () => {
    const here = place("");
    showRunInAddress(here, "0193-a");
    expect(chosenRun(here)).toBe("0193-a");
    showRunInAddress(here, null);
    expect(here.address()).toBe("/?theme=x");
  });

  it("leaves the rest of the fragment as it is", () => {
    const here = place("#view=a%2Bb&run=1");
    showRunInAddress(here, null);
    expect(here.location.hash).toBe("#view=a%2Bb");
    showRunInAddress(here, "2");
    expect(here.location.hash).toBe("#view=a%2Bb&run=2");
  });

  it("bears what is no valid encoding", () => {
    expect(chosenRun(place("#run=%zz"))).toBe("%zz");
    expect(chosenRun(place("#=&run"))).toBeNull();
  });
});
