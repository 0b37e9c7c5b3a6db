// Own the answer of a run that has no picture of its own: its single values.

import { factsOf } from "./kinds";

export function RunFacts({ result }: { result: Record<string, unknown> }) {
  return (
    <dl className="provenance">
      {factsOf(result).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
