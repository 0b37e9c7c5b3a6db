// Own the market half of the page: price, warnings, chart and table of one product.

import { useEffect } from "react";
import type { Product } from "../api/types";
import { display, scaleOf } from "../format/decimal";
import { clockTime } from "../format/text";
import { CurveChart } from "./CurveChart";
import { CurveTable } from "./CurveTable";
import { markOf } from "./marketState";
import { PriceHeader } from "./PriceHeader";
import type { Market } from "./useMarket";

interface Props {
  product: Product | undefined;
  market: Market;
}

function warningOf({ connection, curve, gap, error }: Market): string | null {
  if (connection.state === "down") {
    return `Price stream interrupted at ${clockTime(connection.sinceMs)}: prices below are the last received. Reconnecting.`;
  }
  if (gap !== null || curve?.gap === true) {
    return `Prices may be incomplete: ${gap ?? "the feed was interrupted"}. They turn current with the next quote.`;
  }
  return curve !== null && error !== null ? `The curve could not be refreshed: ${error}` : null;
}

export function MarketPanel({ product, market }: Props) {
  const { curve, ticks, error } = market;
  const priceScale = scaleOf(product?.tick ?? "0.01");
  const warning = warningOf(market);
  const front = curve?.points[0];
  const marked = curve?.points.filter((point) => markOf(market, point.contract) !== null).length ?? 0;

  useEffect(() => {
    if (front === undefined) return;
    document.title = `${display(front.price, priceScale)} ${front.symbol}${warning === null ? "" : " (stale)"}`;
  }, [front, priceScale, warning]);

  if (curve === null) {
    return (
      <section className="panel" aria-busy={error === null}>
        {error === null ? (
          <p className="quiet loading">Waiting for the curve…</p>
        ) : (
          <p className="problem" role="alert">{error}</p>
        )}
      </section>
    );
  }
  return (
    <>
      <div role="status">{warning !== null && <p className="banner">{warning}</p>}</div>
      <section className="panel" aria-label="Price and forward curve">
        <PriceHeader
          product={product}
          curve={curve}
          tick={front === undefined ? undefined : ticks.get(front.contract)}
          priceScale={priceScale}
          stale={warning !== null || (front !== undefined && markOf(market, front.contract) !== null)}
          quotedAtMs={market.quotedAtMs}
        />
        {curve.points.length > 0 && (
          <>
            <div className="legend" aria-hidden="true">
              <span className="key key-live">{warning !== null ? "Last received" : curve.live ? "Live" : "Settled"}</span>
              {curve.live && <span className="key key-settled">Settlement</span>}
              {marked > 0 && <span className="key key-marked">Stale or suspect</span>}
            </div>
            <CurveChart curve={curve} priceScale={priceScale} marks={market} />
          </>
        )}
      </section>
      <section className="panel panel-flush" aria-label="Curve table">
        <CurveTable curve={curve} ticks={ticks} priceScale={priceScale} marks={market} />
      </section>
    </>
  );
}
