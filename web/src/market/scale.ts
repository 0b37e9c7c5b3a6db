// Own the arithmetic of the chart: round axis steps and where a value falls.

export interface Axis {
  low: number;
  high: number;
  ticks: number[];
  /** Digits after the point that tell neighbouring ticks apart. */
  digits: number;
}

/** Choose round ticks that cover the values with some air; a flat curve still gets a range. */
export function axisOf(values: number[], wanted: number): Axis {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = high - low || Math.max(Math.abs(high) * 0.02, 0.01);
  const rough = (span * 1.06) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const first = Math.floor((low - span * 0.03) / step);
  const last = Math.ceil((high + span * 0.03) / step);
  // "2.5 × 10^k" needs one digit more than its power tells.
  const digits = Math.max(0, -Math.floor(Math.log10(step)) + (Math.abs(step / power - 2.5) < 1e-9 ? 1 : 0));
  const ticks = Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toFixed(digits + 2)),
  );
  return { low: first * step, high: last * step, ticks, digits };
}

/** Months since year zero, so that a missing month leaves its gap on the axis. */
export const monthIndex = (contract: string): number =>
  Number(contract.slice(0, 4)) * 12 + Number(contract.slice(4, 6));

/** Every how many points a label fits. */
export function labelStride(points: number, width: number, labelWidth: number): number {
  const room = Math.max(1, Math.floor(width / labelWidth));
  const needed = Math.ceil(points / room);
  return [1, 2, 3, 4, 6, 12, 24].find((stride) => stride >= needed) ?? needed;
}

export function nearest(positions: number[], x: number): number {
  let best = 0;
  positions.forEach((position, index) => {
    if (Math.abs(position - x) < Math.abs((positions[best] ?? Infinity) - x)) best = index;
  });
  return best;
}
