// Own the requests to the API: the key, problem+json errors, safe repetition.

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
  private readonly key: string;
  private readonly onRefused: () => void;

  /** `onRefused` is called when the server does not take the key. */
  constructor(key: string, onRefused: () => void) {
    this.key = key;
    this.onRefused = onRefused;
  }

  /** Send one request; raise ApiError unless the answer is a success. */
  async send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("Authorization", `Bearer ${this.key}`);
    const response = await fetch(path, { ...init, headers, cache: "no-store" });
    if (response.ok) return response;
    if (response.status === 401) this.onRefused();
    throw await errorOf(response);
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
