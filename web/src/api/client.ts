// Own the requests to the API: the token, problem+json errors, safe repetition.

import { SignedOut, type Tokens } from "../session/tokens";
import { parseJson, stringifyWithInteger } from "./json";
import type { Curve, Feed, Problem, Product, Run, RunPage, RunSpecification } from "./types";

export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
  }
}

export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    return new ApiError(response.status, parseJson<Problem>(text));
  } catch {
    // The proxy in front of the API answers its own failures in plain text.
    return new ApiError(response.status, { detail: `The server answered ${response.status}.` });
  }
}

export const messageOf = (error: unknown): string => {
  if (error instanceof ApiError) return error.message;
  if (error instanceof TypeError) return "The server cannot be reached.";
  return error instanceof Error ? error.message : String(error);
};

const ATTEMPTS = 3;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const idempotencyKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

function runBody(specification: RunSpecification): string {
  const { seed, ...rest } = specification;
  const inner =
    seed === undefined
      ? JSON.stringify(rest)
      : stringifyWithInteger(rest, "seed", String(seed));
  return `{"kind":"portfolio","fresh":true,"specification":${inner}}`;
}

export class Api {
  private readonly tokens: Pick<Tokens, "access" | "renew">;
  private readonly onEnded: () => void;

  /** `onEnded` is called when the server gives no more tokens, or takes none. */
  constructor(tokens: Pick<Tokens, "access" | "renew">, onEnded: () => void) {
    this.tokens = tokens;
    this.onEnded = onEnded;
  }

  /** Send one request; raise ApiError unless the answer is a success. */
  async send(path: string, init: RequestInit = {}): Promise<Response> {
    try {
      let response = await this.attempt(path, init);
      if (response.status === 401) {
        // The token may have ended on the way, or somebody ended all that were out.
        await this.tokens.renew();
        response = await this.attempt(path, init);
      }
      if (response.ok) return response;
      if (response.status === 401) this.onEnded();
      throw await errorOf(response);
    } catch (error) {
      if (error instanceof SignedOut) this.onEnded();
      throw error;
    }
  }

  private async attempt(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${await this.tokens.access()}`);
    return fetch(path, { ...init, headers, cache: "no-store" });
  }

  private async json<T>(path: string, init?: RequestInit): Promise<T> {
    const response = await this.send(path, init);
    return parseJson<T>(await response.text());
  }

  async products(): Promise<Product[]> {
    return (await this.json<{ items: Product[] }>("/v1/products")).items;
  }

  /** Read the live curve, or with a source the one it settled last. */
  curve(product: string, source: string | null, signal: AbortSignal): Promise<Curve> {
    const query = source === null ? "" : `?source=${encodeURIComponent(source)}`;
    return this.json(`/v1/products/${encodeURIComponent(product)}/curve${query}`, { signal });
  }

  async feeds(signal: AbortSignal): Promise<Feed[]> {
    return (await this.json<{ items: Feed[] }>("/v1/feeds", { signal })).items;
  }

  run(id: string): Promise<Run> {
    return this.json(`/v1/runs/${encodeURIComponent(id)}`);
  }

  runs(limit: number): Promise<RunPage> {
    return this.json(`/v1/runs?limit=${limit}`);
  }

  async cancel(id: string): Promise<void> {
    await this.send(`/v1/runs/${encodeURIComponent(id)}/cancel`, { method: "POST" });
  }

  /** Start a portfolio run. Repeating is safe: every attempt carries the same idempotency key. */
  async createRun(specification: RunSpecification): Promise<Run> {
    const init: RequestInit = {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": idempotencyKey() },
      body: runBody(specification),
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.json<Run>("/v1/runs", init);
      } catch (error) {
        const passing = error instanceof TypeError || (error instanceof ApiError && error.status === 503);
        if (!passing || attempt === ATTEMPTS) throw error;
        await pause(400 * attempt);
      }
    }
  }
}
