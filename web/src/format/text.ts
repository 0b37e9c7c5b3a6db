// Own how counts, ratios, durations, dates and contracts are written.

import type { Chosen } from "../api/types";

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTH_CODES = "FGHJKMNQUVXZ";

/** "202612" becomes "Dec 26". */
export function monthName(contract: string): string {
  const match = /^(\d{4})(\d{2})$/.exec(contract);
  const name = match === null ? undefined : MONTHS[Number(match[2]) - 1];
  return match === null || name === undefined ? contract : `${name} ${match[1]?.slice(2)}`;
}

/** "CL-202612" becomes "CLZ26"; any other label stays as it is. */
export function labelSymbol(label: string): string {
  const match = /^([A-Z]+)-(\d{4})(\d{2})$/.exec(label);
  const code = match === null ? undefined : MONTH_CODES[Number(match[3]) - 1];
  return match === null || code === undefined ? label : `${match[1]}${code}${match[2]?.slice(2)}`;
}

/** Name chosen contracts as indices into `labels`, in ascending order. */
export const chosenIndices = (chosen: Chosen, labels: string[]): number[] =>
  chosen
    .map((item) => (typeof item === "number" ? item : labels.indexOf(item)))
    .filter((index) => index >= 0)
    .sort((a, b) => a - b);

export const count = (value: number): string => Math.round(value).toLocaleString("en-US");

/** Write a number with about four significant digits and a true minus. */
export function number(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-4 || size >= 1e7)
      ? value.toExponential(digits - 1)
      : value.toLocaleString("en-US", { maximumSignificantDigits: digits, useGrouping: size >= 1e4 });
  return text.replace(/-/g, "−");
}

export function percent(share: number): string {
  if (!Number.isFinite(share)) return "–";
  const value = share * 100;
  const digits = Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 3;
  if (value !== 0 && Math.abs(value) < 0.001) return `${number(value, 2)} %`;
  return `${value.toFixed(digits).replace("-", "−")} %`;
}

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value < 0.0995) return `${Math.max(1, Math.round(value * 1000))} ms`;
  if (value < 9.95) return `${value.toFixed(1)} s`;
  if (value < 119.5) return `${Math.round(value)} s`;
  const minutes = Math.round(value / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

export const clockTime = (ms: number): string =>
  new Date(ms).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** "2026-11-19" becomes "19 Nov 2026". */
export function dayName(date: string): string {
  const match = /^(\d{4})-(\d{2})-(\d{2})/.exec(date);
  return match === null ? date : `${Number(match[3])} ${MONTHS[Number(match[2]) - 1]} ${match[1]}`;
}

export function ago(ms: number, nowMs: number): string {
  const age = Math.max(0, nowMs - ms) / 1000;
  if (age < 1.5) return "now";
  if (age < 90) return `${Math.round(age)} s ago`;
  if (age < 5400) return `${Math.round(age / 60)} min ago`;
  if (age < 129_600) return `${Math.round(age / 3600)} h ago`;
  return `${Math.round(age / 86_400)} days ago`;
}

/** Milliseconds since the epoch held by a UUIDv7, or null for another id. */
export function uuidTime(id: string): number | null {
  const match = /^([0-9a-f]{8})-([0-9a-f]{4})-7/i.exec(id);
  return match === null ? null : Number.parseInt(`${match[1]}${match[2]}`, 16);
}

/** Ways to choose k of n. */
export function combinations(n: number, k: number): number {
  if (k < 0 || k > n) return 0;
  let ways = 1;
  for (let i = 1; i <= Math.min(k, n - k); i += 1) ways = (ways * (n - i + 1)) / i;
  return Math.round(ways);
}
