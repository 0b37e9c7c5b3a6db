// Own the shapes on the wire. Decimals are strings and stay strings until something is drawn.

export interface ProductSource {
  source: string;
  first_date: string;
  last_date: string;
  rows: number;
}

export interface Product {
  code: string;
  name: string;
  venue: string;
  currency: string;
  price_unit: string;
  contract_size: string | null;
  tick: string;
  /** The feed behind the live curve; null where there is none. */
  live_source: string | null;
  sources: ProductSource[];
}

export interface CurvePoint {
  position: number;
  contract: string;
  symbol: string;
  last_trade_date: string;
  price: string;
  basis: string;
  bid: string | null;
  ask: string | null;
  last: string | null;
  settlement: string | null;
  event_time: string | null;
}

export interface Curve {
  product: string;
  source: string;
  as_of: string;
  as_of_time: string | null;
  version: number;
  live: boolean;
  gap: boolean;
  currency: string;
  price_unit: string;
  points: CurvePoint[];
}

export interface Quote {
  product: string;
  contract: string;
  symbol: string;
  bid: string | null;
  bid_size: number | null;
  ask: string | null;
  ask_size: number | null;
  source: string;
  event_time: string;
}

export interface Trade {
  product: string;
  contract: string;
  price: string;
  source: string;
  event_time: string;
}

/** Names contracts as "CL-202612"; none means every one of the venue. */
export interface Gap {
  reason?: string;
  venue?: string;
  instruments?: string[];
}

export interface Healed {
  instruments?: string[];
}

export interface Silence {
  contract: string;
}

/** The worst that applies to a feed. */
export type FeedStatus = "unreachable" | "disconnected" | "gap" | "degraded" | "stale" | "connected";

export interface Feed {
  venue: string;
  status: FeedStatus;
  reason: string | null;
  source: string | null;
  age_s: number | null;
  symbols: number | null;
  stale: string[];
  suspect: string[];
  gaps: number | null;
  missed: number | null;
  behind: number | null;
}

export type RunStatus = "queued" | "planning" | "running" | "succeeded" | "failed" | "cancelled";

// A seed has up to 63 bits: too wide for a number, so a long one is read as text.
export type Seed = number | string;

export interface RunSpecification {
  products: string[];
  choose: number;
  of: number;
  source?: string;
  as_of?: string | null;
  seed?: Seed;
  depth?: number;
  shots?: number;
}

// Contracts are named by their index into `problem.labels`, or by the label itself.
export type Chosen = (number | string)[];

export interface Selection {
  /** Null where no sample held exactly k contracts. */
  objective: number | null;
  chosen: Chosen;
}

export interface RandomBaseline extends Selection {
  draws?: number;
}

export interface ClassicalOptimum extends Selection {
  proven: boolean;
  elapsed_s?: number;
}

export interface RunResult extends Selection {
  expectation: number;
  approximation_ratio: number;
  probability_of_optimum: number;
  random_baseline: RandomBaseline;
  classical_optimum: ClassicalOptimum;
  backend: string;
  shots: number;
  depth: number;
  circuit_depth?: number | null;
  cost: number | string;
  seed: Seed;
}

export interface RunProblem {
  labels: string[];
  mu: number[];
  sigma: number[][];
  window?: { first: string; last: string; days: number };
}

/** What any kind of run is asked; which of these there are, its kind decides. */
export interface Asked extends Partial<RunSpecification> {
  program?: string;
  measure?: string;
}

/** Problem and result are null in lists. */
export interface Run {
  run_id: string;
  kind: string;
  status: RunStatus;
  specification: Asked;
  problem?: Partial<RunProblem> | null;
  result?: Record<string, unknown> | null;
  error?: { code?: string; detail?: string } | null;
  backend?: string;
  waiting_for?: string | null;
  cancel_requested?: boolean;
  elapsed_s?: number | null;
}

/** A run that chooses k of n contracts. */
export interface ChoosingRun extends Run {
  specification: RunSpecification;
}

export interface RunEvent {
  run_id: string;
  sequence: number;
  at: string;
  kind: string;
  status: RunStatus;
  why?: string | null;
  detail: { stage?: string; done?: number; total?: number; eta_s?: number | null };
}

export interface RunPage {
  items: Run[];
  next_before: string | null;
}

export interface Problem {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
  field?: string;
}

export const isFinal = (status: RunStatus): boolean =>
  status === "succeeded" || status === "failed" || status === "cancelled";
