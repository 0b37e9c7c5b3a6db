// Own how runs of each kind are named, and which of them choose contracts.

import type { ChoosingRun, Run, RunResult } from "../api/types";
import { count } from "../format/text";

const CHOOSING = ["portfolio", "hedge"];

/** Tell whether a run chooses k of n contracts, as the form and the result's picture expect. */
export const isChoosing = (run: Run): run is ChoosingRun =>
  CHOOSING.includes(run.kind) && run.specification.products !== undefined;

/** Return the result of a run that chose contracts, null if it is of another shape. */
export function choiceOf(run: Run): RunResult | null {
  const result = run.result;
  if (result == null || !isChoosing(run)) return null;
  return "classical_optimum" in result && "random_baseline" in result
    ? (result as unknown as RunResult)
    : null;
}

/** Name a run in a few words. */
export function titleOf(run: Run): string {
  const { products, choose, of, program, measure, shots } = run.specification;
  const kind = run.kind.charAt(0).toUpperCase() + run.kind.slice(1);
  if (products !== undefined) {
    const chosen = choose === undefined ? `${of}` : `${choose} of ${of}`;
    const text = `${chosen}, ${products.join(" ")}`;
    return run.kind === "portfolio" ? text : `${kind} ${text}`;
  }
  if (program !== undefined) return shots === undefined ? kind : `${kind}, ${count(shots)} shots`;
  return measure === undefined ? kind : `${kind}, ${measure}`;
}

/** List what a result says in single values, for kinds without a picture of their own. */
export function factsOf(result: Record<string, unknown>): [string, string][] {
  return Object.entries(result).flatMap(([name, value]): [string, string][] => {
    if (typeof value === "number") return [[wordsOf(name), String(value)]];
    if (typeof value === "boolean") return [[wordsOf(name), value ? "yes" : "no"]];
    return typeof value === "string" && value !== "" && value.length <= 200
      ? [[wordsOf(name), value]]
      : [];
  });
}

const wordsOf = (name: string): string =>
  name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
