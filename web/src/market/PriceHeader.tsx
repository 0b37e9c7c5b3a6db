// Own the front-month price: the one number that the page exists to keep in sight.

import type { Curve, CurvePoint, Product } from "../api/types";
import { display, displaySigned, signOf, subtract } from "../format/decimal";
import { ago, dayName, monthName, percent } from "../format/text";
import { useNow } from "../ui/useNow";
import { changeOf, type Tick } from "./marketState";

interface Props {
  product: Product | undefined;
  curve: Curve;
  tick: Tick | undefined;
  priceScale: number;
  stale: boolean;
  quotedAtMs: number | null;
}

const BASIS: Record<string, string> = {
  mid: "mid of bid and ask",
  last: "last trade",
  settlement: "settlement",
};

// A mid can fall between two ticks; its extra digit is drawn small so that the price keeps its width.
function splitAtTick(text: string, priceScale: number): [string, string] {
  const point = text.indexOf(".");
  const end = point < 0 ? text.length : point + 1 + priceScale;
  return [text.slice(0, end), text.slice(end)];
}

export function PriceHeader({ product, curve, tick, priceScale, stale, quotedAtMs }: Props) {
  const front = curve.points[0];
  if (front === undefined) return <p className="quiet">This curve holds no contracts.</p>;
  const change = changeOf(front);
  const sign = change === null ? 0 : signOf(change.change);
  const [price, half] = splitAtTick(display(front.price, priceScale), priceScale);
  return (
    <div className={stale ? "price is-stale" : "price"}>
      <div className="price-name">
        <h1>
          {product?.name ?? curve.product} <span className="quiet">{front.symbol}</span>
        </h1>
        <p className="quiet">
          {monthName(front.contract)}, {curve.currency} per {curve.price_unit}, {BASIS[front.basis] ?? front.basis}
        </p>
      </div>
      <div className="price-line">
        <span className="price-now">
          <span key={tick?.count ?? 0} className={tick === undefined ? "" : `flash flash-${tick.direction}`}>
            {price}
            <small>{half}</small>
          </span>
        </span>
        {change !== null && (
          <span className={`price-change ${["down", "", "up"][sign + 1]}`}>
            <span aria-hidden="true">{["▼", "■", "▲"][sign + 1]}</span> {displaySigned(change.change, priceScale)}
            {change.share !== null && <span> ({percent(change.share)})</span>}
            <span className="quiet"> since settlement</span>
          </span>
        )}
      </div>
      <Facts front={front} last={curve.points.at(-1)} curve={curve} priceScale={priceScale} quotedAtMs={quotedAtMs} />
    </div>
  );
}

interface FactsProps {
  front: CurvePoint;
  last: CurvePoint | undefined;
  curve: Curve;
  priceScale: number;
  quotedAtMs: number | null;
}

function Facts({ front, last, curve, priceScale, quotedAtMs }: FactsProps) {
  const spread = last === undefined ? null : subtract(front.price, last.price);
  const sign = spread === null ? 0 : signOf(spread);
  return (
    <dl className="facts">
      <div>
        <dt>Bid</dt>
        <dd>{display(front.bid, priceScale)}</dd>
      </div>
      <div>
        <dt>Ask</dt>
        <dd>{display(front.ask, priceScale)}</dd>
      </div>
      <div>
        <dt>Settled</dt>
        <dd>{display(front.settlement, priceScale)}</dd>
      </div>
      {spread !== null && last !== undefined && last !== front && (
        <div>
          <dt>{sign > 0 ? "Backwardation" : sign < 0 ? "Contango" : "Flat"}</dt>
          <dd>
            {display(spread.replace("-", ""), priceScale)} <span className="quiet">to {last.symbol}</span>
          </dd>
        </div>
      )}
      <div>
        <dt>{quotedAtMs === null ? "As of" : "Last quote"}</dt>
        <dd>{quotedAtMs === null ? dayName(curve.as_of) : <Age ms={quotedAtMs} />}</dd>
      </div>
    </dl>
  );
}

function Age({ ms }: { ms: number }) {
  const now = useNow(1000);
  return <time dateTime={new Date(ms).toISOString()}>{ago(ms, now)}</time>;
}
