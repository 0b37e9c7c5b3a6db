// Own the run form's text: hints while typing, and the specification it becomes. The server decides.

import type { RunSpecification } from "../api/types";

export const FIELDS = ["choose", "of", "depth", "shots", "seed", "as_of"] as const;
export type Field = (typeof FIELDS)[number];

export interface FormValues extends Record<Field, string> {
  products: string[];
  source: string;
}

export type Hints = Partial<Record<Field | "products" | "source", string>>;

const MOST_CONTRACTS = 24;
const MOST_DEPTH = 12;
const MOST_SHOTS = 1_000_000;
const WIDEST_SEED = 2n ** 63n - 1n;

export const DEFAULT_FORM: FormValues = {
  products: ["CL"],
  source: "",
  choose: "4",
  of: "12",
  depth: "3",
  shots: "4096",
  seed: "7",
  as_of: "",
};

function whole(text: string, low: number, high: number): string | null {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  return value >= low && value <= high
    ? null
    : `A whole number from ${low.toLocaleString("en-US")} to ${high.toLocaleString("en-US")}.`;
}

function seedHint(text: string): string | null {
  if (text.trim() === "") return null;
  const fits = /^\d{1,19}$/.test(text.trim()) && BigInt(text.trim()) <= WIDEST_SEED;
  return fits ? null : "A whole number below 2⁶³, or empty.";
}

function ofHint(values: FormValues): string | null {
  const range = whole(values.of, 2, MOST_CONTRACTS);
  if (range !== null) return range;
  const products = values.products.length;
  return products > 0 && Number(values.of) % products !== 0
    ? `A multiple of the ${products} products.`
    : null;
}

function chooseHint(values: FormValues): string | null {
  const range = whole(values.choose, 1, MOST_CONTRACTS - 1);
  if (range !== null) return range;
  return whole(values.of, 2, MOST_CONTRACTS) === null && Number(values.choose) >= Number(values.of)
    ? `Fewer than the ${values.of} to choose from.`
    : null;
}

/** Name what is wrong, field by field; empty when the form can be sent. */
export function hintsOf(values: FormValues): Hints {
  const found: [keyof Hints, string | null][] = [
    ["products", values.products.length === 0 ? "Pick at least one product." : null],
    ["choose", chooseHint(values)],
    ["of", ofHint(values)],
    ["depth", whole(values.depth, 1, MOST_DEPTH)],
    ["shots", whole(values.shots, 1, MOST_SHOTS)],
    ["seed", seedHint(values.seed)],
  ];
  return Object.fromEntries(found.filter(([, hint]) => hint !== null)) as Hints;
}

export function specificationOf(values: FormValues): RunSpecification {
  return {
    products: values.products,
    choose: Number(values.choose),
    of: Number(values.of),
    depth: Number(values.depth),
    shots: Number(values.shots),
    ...(values.source === "" ? {} : { source: values.source }),
    ...(values.as_of === "" ? {} : { as_of: values.as_of }),
    ...(values.seed.trim() === "" ? {} : { seed: values.seed.trim() }),
  };
}

/** Fill the form with an earlier run's settings. */
export function formOf(specification: RunSpecification): FormValues {
  const { products, choose, of, depth, shots, seed, source, as_of } = specification;
  return {
    products,
    source: source ?? "",
    choose: String(choose),
    of: String(of),
    depth: String(depth ?? DEFAULT_FORM.depth),
    shots: String(shots ?? DEFAULT_FORM.shots),
    seed: seed === undefined ? "" : String(seed),
    as_of: as_of ?? "",
  };
}

/** The field that a refusal such as "choose: expected fewer" begins with. */
export function fieldOfProblem(detail: string, field?: string): keyof Hints | null {
  const names: (keyof Hints)[] = [...FIELDS, "products", "source"];
  const named = field ?? /^(?:specification\.)?(\w+):/.exec(detail)?.[1];
  return names.find((name) => name === named) ?? null;
}
