// Own staying connected to an event stream: resume after the last id, back off, notice silence.

import { type Api, ApiError } from "./client";
import { SseParser, type ServerEvent } from "./sse";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
const SILENCE_MS = 45_000;

export interface Follower {
  onOpen?: () => void;
  onDown?: (error: unknown) => void;
  /** Return "done" to end the stream for good. */
  onEvent: (event: ServerEvent) => "done" | void;
}

/** Delay before reconnection `attempt` (from 0); `random` in [0, 1) spreads many clients. */
export function backoffMs(attempt: number, random: number, firstMs = FIRST_DELAY_MS): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, firstMs * 2 ** Math.min(attempt, 20));
  return Math.round(ceiling * (0.5 + random / 2));
}

/** A refusal that another attempt cannot change. */
export const isPermanent = (error: unknown): boolean =>
  error instanceof ApiError &&
  error.status >= 400 &&
  error.status < 500 &&
  ![408, 425, 429].includes(error.status);

const sleep = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish);
  });

/** Follow a stream until it is done, refused for good, or `signal` aborts. */
export async function follow(
  api: Pick<Api, "send">,
  path: string,
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  let lastEventId = "";
  let firstMs = FIRST_DELAY_MS;
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const parser = new SseParser(lastEventId);
    try {
      const done = await readOnce(api, path, parser, follower, signal, () => {
        attempt = 0;
      });
      if (done || signal.aborted) return;
      follower.onDown?.(new Error("The stream ended."));
    } catch (error) {
      if (signal.aborted) return;
      follower.onDown?.(error);
      if (isPermanent(error)) return;
    }
    lastEventId = parser.lastEventId;
    firstMs = parser.retryMs ?? firstMs;
    await sleep(backoffMs(attempt, Math.random(), firstMs), signal);
  }
}

async function readOnce(
  api: Pick<Api, "send">,
  path: string,
  parser: SseParser,
  follower: Follower,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<boolean> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (parser.lastEventId !== "") headers["Last-Event-ID"] = parser.lastEventId;
  try {
    const response = await api.send(path, {
      headers,
      signal: AbortSignal.any([signal, silence.signal]),
    });
    if (response.status === 204) return true;
    if (response.body === null) throw new Error("The stream has no body.");
    follower.onOpen?.();
    const reader = response.body.getReader();
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return false;
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        onProgress();
        if (follower.onEvent(event) === "done") {
          await reader.cancel();
          return true;
        }
      }
    }
  } finally {
    clearTimeout(timer);
  }
}
