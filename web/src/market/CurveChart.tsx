// Own the picture of the forward curve: live prices over the last settlements.

import { type KeyboardEvent, type PointerEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Curve, CurvePoint } from "../api/types";
import { display, displaySigned } from "../format/decimal";
import { dayName, monthName } from "../format/text";
import { changeOf, type Mark, type MarketState, markOf } from "./marketState";
import { axisOf, labelStride, monthIndex, nearest } from "./scale";

const MARGIN = { top: 14, right: 14, bottom: 26, left: 52 };
const LABEL_WIDTH = 54;

interface Props {
  curve: Curve;
  priceScale: number;
  marks: Pick<MarketState, "suspect" | "stale">;
}

function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width] as const;
}

function path(points: [number, number | null][]): string {
  let pen = "M";
  return points
    .map(([x, y]) => {
      if (y === null) {
        pen = "M";
        return "";
      }
      const step = `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = "L";
      return step;
    })
    .join("");
}

function useGeometry(points: CurvePoint[], width: number) {
  return useMemo(() => {
    const height = width < 520 ? 230 : 300;
    const values = points.flatMap((point) => [
      Number(point.price),
      ...(point.settlement === null ? [] : [Number(point.settlement)]),
    ]);
    const axis = axisOf(values, height < 260 ? 5 : 7);
    const months = points.map((point) => monthIndex(point.contract));
    const first = months[0] ?? 0;
    const span = Math.max(1, (months.at(-1) ?? 0) - first);
    const inner = Math.max(1, width - MARGIN.left - MARGIN.right);
    const tall = height - MARGIN.top - MARGIN.bottom;
    const x = months.map((month) => MARGIN.left + (inner * (month - first)) / span);
    const y = (value: number) =>
      MARGIN.top + tall * (1 - (value - axis.low) / (axis.high - axis.low));
    return { height, axis, x, y, stride: labelStride(points.length, inner, LABEL_WIDTH) };
  }, [points, width]);
}

export function CurveChart({ curve, priceScale, marks }: Props) {
  const [box, width] = useWidth();
  const [active, setActive] = useState<number | null>(null);
  const { points } = curve;
  const { height, axis, x, y, stride } = useGeometry(points, width);
  const index = active === null ? null : Math.min(active, points.length - 1);
  const shown = index === null ? undefined : points[index];

  const onPointer = (event: PointerEvent<SVGSVGElement>) => {
    const left = event.currentTarget.getBoundingClientRect().left;
    setActive(nearest(x, event.clientX - left));
  };
  const onKey = (event: KeyboardEvent) => {
    const last = points.length - 1;
    const now = index ?? -1;
    const next: Record<string, number | null> = {
      ArrowRight: Math.min(last, now + 1),
      ArrowLeft: Math.max(0, now - 1),
      Home: 0,
      End: last,
      Escape: null,
    };
    const target = next[event.key];
    if (target === undefined) return;
    event.preventDefault();
    setActive(target);
  };

  const settled = points.map<[number, number | null]>((point, i) => [
    x[i] ?? 0,
    point.settlement === null ? null : y(Number(point.settlement)),
  ]);
  const live = points.map<[number, number | null]>((point, i) => [x[i] ?? 0, y(Number(point.price))]);

  return (
    <div
      className="chart"
      ref={box}
      tabIndex={0}
      role="group"
      aria-roledescription="chart"
      aria-label={`Forward curve of ${curve.product}, ${points.length} contracts. Arrow keys move along it; the table below holds the same prices.`}
      onKeyDown={onKey}
      onBlur={() => setActive(null)}
    >
      {width > 0 && (
        <svg
          width={width}
          height={height}
          aria-hidden="true"
          onPointerMove={onPointer}
          onPointerDown={onPointer}
          onPointerLeave={() => setActive(null)}
        >
          {axis.ticks.map((tick) => (
            <g key={tick}>
              <line className="chart-grid" x1={MARGIN.left} x2={width - MARGIN.right} y1={y(tick)} y2={y(tick)} />
              <text className="chart-label" x={MARGIN.left - 10} y={y(tick)} dy="0.32em" textAnchor="end">
                {display(tick.toFixed(axis.digits), axis.digits)}
              </text>
            </g>
          ))}
          {points.map((point, i) =>
            i % stride === 0 ? (
              <text
                key={point.contract}
                className="chart-label"
                x={x[i]}
                y={height - 6}
                textAnchor={(x[i] ?? 0) > width - 30 ? "end" : "middle"}
              >
                {monthName(point.contract)}
              </text>
            ) : null,
          )}
          {shown !== undefined && index !== null && (
            <line className="chart-cursor" x1={x[index]} x2={x[index]} y1={MARGIN.top} y2={height - MARGIN.bottom} />
          )}
          <path className="chart-settled" d={path(settled)} />
          <path className="chart-live" d={path(live)} />
          {live.map(([cx, cy], i) => {
            const marked = markOf(marks, points[i]?.contract ?? "") !== null;
            return (
              <circle
                key={points[i]?.contract}
                className={`chart-dot${i === index ? " chart-dot-on" : ""}${marked ? " chart-dot-marked" : ""}`}
                cx={cx}
                cy={cy ?? 0}
                r={i === index ? 4.5 : marked ? 3.2 : points.length > 30 ? 1.6 : 2.4}
              />
            );
          })}
        </svg>
      )}
      {shown !== undefined && index !== null && (
        <Tooltip
          point={shown}
          mark={markOf(marks, shown.contract)}
          priceScale={priceScale}
          x={x[index] ?? 0}
          width={width}
          below={y(Number(shown.price)) < height * 0.45}
        />
      )}
      <p className="sr-only" aria-live="polite">
        {shown === undefined ? "" : `${shown.symbol}: ${display(shown.price, priceScale)}, settlement ${display(shown.settlement, priceScale)}${markWords(markOf(marks, shown.contract))}`}
      </p>
    </div>
  );
}

const markWords = (mark: Mark | null): string => (mark === null ? "" : `, ${mark}`);

interface TooltipProps {
  point: CurvePoint;
  mark: Mark | null;
  priceScale: number;
  x: number;
  width: number;
  below: boolean;
}

function Tooltip({ point, mark, priceScale, x, width, below }: TooltipProps) {
  const change = changeOf(point);
  const side = x > width / 2 ? { right: width - x + 14 } : { left: x + 14 };
  const height = below ? { bottom: MARGIN.bottom + 6 } : { top: MARGIN.top };
  return (
    <div className="tooltip" style={{ ...side, ...height }} aria-hidden="true">
      <strong>{point.symbol}</strong> <span className="quiet">{monthName(point.contract)}</span>
      {mark !== null && <span className="mark">{mark}</span>}
      <dl>
        <dt>{point.basis === "mid" ? "Mid" : point.basis === "last" ? "Last trade" : "Settlement"}</dt>
        <dd>{display(point.price, priceScale)}</dd>
        {point.bid !== null && point.ask !== null && (
          <>
            <dt>Bid / ask</dt>
            <dd>
              {display(point.bid, priceScale)} / {display(point.ask, priceScale)}
            </dd>
          </>
        )}
        {point.basis !== "settlement" && (
          <>
            <dt>Settlement</dt>
            <dd>{display(point.settlement, priceScale)}</dd>
          </>
        )}
        {change !== null && (
          <>
            <dt>Change</dt>
            <dd>{displaySigned(change.change, priceScale)}</dd>
          </>
        )}
        <dt>Expires</dt>
        <dd>{dayName(point.last_trade_date)}</dd>
      </dl>
    </div>
  );
}
