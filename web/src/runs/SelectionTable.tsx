// Own the picture of who chose which contract: one row a method, one cell a contract.

import type { Selection } from "../api/types";
import { number } from "../format/text";

export interface SelectionRow {
  name: string;
  selection: Selection;
  tone: "qaoa" | "optimum" | "random";
  note?: string;
}

interface Props {
  labels: string[];
  rows: SelectionRow[];
  chosen: (selection: Selection) => number[];
}

export function SelectionTable({ labels, rows, chosen }: Props) {
  return (
    <ul className="selections">
      {rows.map(({ name, selection, tone, note }) => {
        const picked = chosen(selection);
        return (
          <li key={name} className={`selection selection-${tone}`}>
            <div className="selection-head">
              <span>
                <strong>{name}</strong> <span className="quiet">{note}</span>
              </span>
              <span className="num">
                <span className="quiet">objective</span> {number(selection.objective ?? Number.NaN, 6)}
              </span>
            </div>
            <div className="cells" aria-hidden="true">
              {labels.map((label, index) => (
                <span key={label} title={label} className={picked.includes(index) ? "cell cell-on" : "cell"} />
              ))}
            </div>
            <p className="picked">
              {picked.length === 0 ? selection.chosen.join(" ") : picked.map((index) => labels[index]).join("  ")}
            </p>
          </li>
        );
      })}
    </ul>
  );
}
