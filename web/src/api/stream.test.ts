import { describe, expect, it } from "vitest";
import { ApiError } from "./client";
import { backoffMs, follow, isPermanent } from "./stream";

const body = (...pieces: string[]) =>
  new Response(
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece));
        controller.close();
      },
    }),
  );

describe("backoffMs", () => {
  it("doubles from the first delay up to its ceiling, and spreads", () => {
    expect([0, 1, 2, 3].map((attempt) => backoffMs(attempt, 1))).toEqual([500, 1000, 2000, 4000]);
    expect(backoffMs(50, 1)).toBe(15_000);
    expect(backoffMs(0, 0)).toBe(250);
  });
});

describe("isPermanent", () => {
  it("tells a refusal from a passing failure", () => {
    const failing = (status: number) => isPermanent(new ApiError(status, {}));
    expect([401, 404, 422].map(failing)).toEqual([true, true, true]);
    expect([408, 429, 500, 503].map(failing)).toEqual([false, false, false, false]);
    expect(isPermanent(new TypeError("network"))).toBe(false);
  });
});

describe("follow", () => {
  it("ends where nothing follows the last event", async () => {
    let asked = 0;
    const api = {
      send: async () => {
        asked += 1;
        return new Response(null, { status: 204 });
      },
    };
    await follow(api, "/v1/streams/runs/x", { onEvent: () => undefined }, new AbortController().signal);
    expect(asked).toBe(1);
  });

  it("resumes after the last id it saw and ends when told", async () => {
    const asked: (string | null)[] = [];
    const answers = [
      body("retry: 1\nid: 1\nda", "ta: a\n\nid: 2\ndata: b\n\ndata: cut"),
      body("id: 3\ndata: c\n\n"),
    ];
    const api = {
      send: async (_path: string, init?: RequestInit) => {
        asked.push(new Headers(init?.headers).get("Last-Event-ID"));
        return answers.shift() ?? body();
      },
    };
    const seen: string[] = [];
    let downs = 0;
    await follow(
      api,
      "/v1/streams/runs/x",
      {
        onDown: () => void (downs += 1),
        onEvent: (event) => {
          seen.push(event.data);
          return event.data === "c" ? "done" : undefined;
        },
      },
      new AbortController().signal,
    );
    expect(seen).toEqual(["a", "b", "c"]);
    expect(asked).toEqual([null, "2"]);
    expect(downs).toBe(1);
  });

  it("gives up when it is refused for good", async () => {
    let calls = 0;
    const api = {
      send: async (): Promise<Response> => {
        calls += 1;
        throw new ApiError(404, { detail: "Run x does not exist." });
      },
    };
    const errors: unknown[] = [];
    await follow(
      api,
      "/v1/streams/runs/x",
      { onDown: (error) => errors.push(error), onEvent: () => undefined },
      new AbortController().signal,
    );
    expect(calls).toBe(1);
    expect(String(errors[0])).toContain("does not exist");
  });
});
