// Own the answer of a run: QAOA's choice beside the proven optimum and the random baseline.

import type { ChoosingRun, RunResult as Result, Selection } from "../api/types";
import { chosenIndices, combinations, count, dayName, labelSymbol, number, percent, seconds } from "../format/text";
import { SelectionTable } from "./SelectionTable";

interface Props {
  run: ChoosingRun;
  result: Result;
}

const sameChoice = (a: Selection, b: Selection, labels: string[]): boolean =>
  chosenIndices(a.chosen, labels).join() === chosenIndices(b.chosen, labels).join();

function verdict(result: Result, labels: string[]): { good: boolean; text: string } {
  const optimum = result.classical_optimum;
  const proven = optimum.proven ? "the proven optimum" : "the best classical answer";
  if (sameChoice(result, optimum, labels)) return { good: true, text: `QAOA found ${proven}.` };
  if (result.objective === null) return { good: false, text: "No sample held the asked number of contracts." };
  const best = optimum.objective ?? Number.NaN;
  const gap = (result.objective - best) / Math.abs(best);
  const above = Number.isFinite(gap) ? `${percent(Math.abs(gap))} ${gap < 0 ? "below" : "above"}` : "not at";
  return { good: false, text: `QAOA's best sample is ${above} ${proven}.` };
}

function randomWords(result: Result, random: Selection, labels: string[]): string {
  if (result.objective === null || random.objective === null) return "";
  if (sameChoice(result, random, labels)) return "Random draws found the same portfolio.";
  return result.objective < random.objective
    ? "It beats the best of as many random draws."
    : "The best of as many random draws did better.";
}

export function RunResult({ run, result }: Props) {
  const labels = run.problem?.labels ?? [];
  const { good, text } = verdict(result, labels);
  const optimum = result.classical_optimum;
  const random = result.random_baseline;
  const against = randomWords(result, random, labels);
  const uniform = 1 / combinations(run.specification.of, run.specification.choose);
  const lift = result.probability_of_optimum / uniform;
  return (
    <div className="result">
      <p className={good ? "verdict verdict-good" : "verdict"}>
        <span aria-hidden="true">{good ? "●" : "○"}</span> {text}{" "}
        <span className="quiet">
          {against}
        </span>
      </p>
      <SelectionTable
        labels={labels.map(labelSymbol)}
        rows={[
          { name: "QAOA", selection: result, tone: "qaoa" },
          {
            name: optimum.proven ? "Classical optimum, proven" : "Best classical answer",
            selection: optimum,
            tone: "optimum",
            ...(optimum.elapsed_s === undefined ? {} : { note: `in ${seconds(optimum.elapsed_s)}` }),
          },
          { name: `Best of ${count(random.draws ?? result.shots)} random draws`, selection: random, tone: "random" },
        ]}
        chosen={(selection) => chosenIndices(selection.chosen, labels)}
      />
      <dl className="metrics">
        <div>
          <dt>Approximation ratio</dt>
          <dd>{number(result.approximation_ratio)}</dd>
          <dd className="quiet">1 is the optimum</dd>
        </div>
        <div>
          <dt>P(optimum)</dt>
          <dd>{percent(result.probability_of_optimum)}</dd>
          <dd className="quiet">{Number.isFinite(lift) ? `${number(lift, 3)} × a uniform draw` : ""}</dd>
        </div>
        <div>
          <dt>Expectation</dt>
          <dd>{number(result.expectation)}</dd>
          <dd className="quiet">mean over all samples</dd>
        </div>
      </dl>
      <Provenance run={run} result={result} />
    </div>
  );
}

function Provenance({ run, result }: Props) {
  const window = run.problem?.window;
  const facts: [string, string][] = [
    ["Backend", result.backend],
    ["Shots", count(result.shots)],
    ["Depth p", String(result.depth)],
    ["Circuit depth", result.circuit_depth == null ? "–" : count(result.circuit_depth)],
    ["Seed", String(result.seed)],
    ["Cost", Number(result.cost) === 0 ? "0 (local)" : String(result.cost)],
    ["Took", seconds(run.elapsed_s)],
    ["Prices", run.specification.source ?? "default source"],
    ["Window", window === undefined ? "–" : `${dayName(window.first)} to ${dayName(window.last)}, ${window.days} days`],
  ];
  return (
    <dl className="provenance">
      {facts.map(([name, value]) => (
        <div key={name} className={name === "Window" ? "span" : undefined}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
