// Own the curve as a table: the same numbers as the chart, for reading and for screen readers.

import { memo } from "react";
import type { Curve, CurvePoint } from "../api/types";
import { display, displaySigned, signOf } from "../format/decimal";
import { dayName, monthName } from "../format/text";
import { changeOf, type Mark, type MarketState, markOf, type Tick } from "./marketState";

interface Props {
  curve: Curve;
  ticks: ReadonlyMap<string, Tick>;
  priceScale: number;
  marks: Pick<MarketState, "suspect" | "stale">;
}

const MARK_TITLES: Record<Mark, string> = {
  stale: "Silent for longer than its limit while its market is open",
  suspect: "Not heard since messages were lost",
};

export function CurveTable({ curve, ticks, priceScale, marks }: Props) {
  return (
    <div className="table-scroll" role="region" aria-label={`${curve.product} curve table`} tabIndex={0}>
      <table className="curve-table">
        <caption className="sr-only">
          {curve.product} forward curve in {curve.currency} per {curve.price_unit}, source {curve.source}
        </caption>
        <thead>
          <tr>
            <th scope="col">Contract</th>
            <th scope="col" className="wide">Expires</th>
            <th scope="col" className="num wide">Bid</th>
            <th scope="col" className="num wide">Ask</th>
            <th scope="col" className="num wide">Last</th>
            <th scope="col" className="num">Price</th>
            <th scope="col" className="num">Change</th>
            <th scope="col" className="num">Settled</th>
          </tr>
        </thead>
        <tbody>
          {curve.points.map((point) => (
            <Row
              key={point.contract}
              point={point}
              tick={ticks.get(point.contract)}
              priceScale={priceScale}
              mark={markOf(marks, point.contract)}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  point: CurvePoint;
  tick: Tick | undefined;
  priceScale: number;
  mark: Mark | null;
}

const Row = memo(function Row({ point, tick, priceScale, mark }: RowProps) {
  const change = changeOf(point);
  const tone = change === null ? "" : ["down", "", "up"][signOf(change.change) + 1];
  return (
    <tr className={mark === null ? undefined : "is-marked"}>
      <th scope="row">
        {point.symbol} <span className="quiet">{monthName(point.contract)}</span>
        {mark !== null && <span className="mark" title={MARK_TITLES[mark]}>{mark}</span>}
      </th>
      <td className="quiet wide">{dayName(point.last_trade_date)}</td>
      <td className="num wide">{display(point.bid, priceScale)}</td>
      <td className="num wide">{display(point.ask, priceScale)}</td>
      <td className="num wide">{display(point.last, priceScale)}</td>
      <td className="num strong">
        <span key={tick?.count ?? 0} className={tick === undefined ? "" : `flash flash-${tick.direction}`}>
          {display(point.price, priceScale)}
        </span>
      </td>
      <td className={`num ${tone}`}>
        {change === null ? "–" : displaySigned(change.change, priceScale)}
      </td>
      <td className="num quiet">{display(point.settlement, priceScale)}</td>
    </tr>
  );
});
