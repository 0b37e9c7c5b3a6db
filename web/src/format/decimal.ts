// Own decimal text: exact sums and display without ever passing through a float.

interface Decimal {
  units: bigint;
  scale: number;
}

const FORM = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

function parse(text: string): Decimal | null {
  const match = FORM.exec(text.trim());
  if (match === null) return null;
  const [, sign, whole = "0", fraction = "", exponent = "0"] = match;
  let units = BigInt(whole + fraction);
  let scale = fraction.length - Number(exponent);
  if (scale < 0) {
    units *= 10n ** BigInt(-scale);
    scale = 0;
  }
  return { units: sign === "-" ? -units : units, scale };
}

const raise = (value: Decimal, scale: number): bigint =>
  value.units * 10n ** BigInt(scale - value.scale);

function write({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const split = digits.length - scale;
  const fraction = digits.slice(split).replace(/0+$/, "");
  const sign = units < 0n ? "-" : "";
  return `${sign}${digits.slice(0, split)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** Return a − b exactly, or null if either is not a decimal. */
export function subtract(a: string, b: string): string | null {
  const [left, right] = [parse(a), parse(b)];
  if (left === null || right === null) return null;
  const scale = Math.max(left.scale, right.scale);
  return write({ units: raise(left, scale) - raise(right, scale), scale });
}

/** Return (a + b) / 2 exactly, or null if either is not a decimal. */
export function middle(a: string, b: string): string | null {
  const [left, right] = [parse(a), parse(b)];
  if (left === null || right === null) return null;
  const scale = Math.max(left.scale, right.scale);
  return write({ units: (raise(left, scale) + raise(right, scale)) * 5n, scale: scale + 1 });
}

export const signOf = (text: string): -1 | 0 | 1 => {
  const units = parse(text)?.units ?? 0n;
  return units > 0n ? 1 : units < 0n ? -1 : 0;
};

export const isSame = (a: string, b: string): boolean => subtract(a, b) === "0";

/** Digits after the point of a tick such as "0.005". */
export const scaleOf = (tick: string): number => {
  const decimal = parse(tick);
  return decimal === null ? 2 : (write(decimal).split(".")[1] ?? "").length;
};

/** Show a decimal with at least `minScale` digits after the point; nothing is rounded away. */
export function display(text: string | null | undefined, minScale: number): string {
  if (text === null || text === undefined) return "–";
  const decimal = parse(text);
  if (decimal === null) return text;
  const plain = write(decimal);
  const [whole = "0", fraction = ""] = plain.replace("-", "").split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const padded = fraction.padEnd(minScale, "0");
  return `${plain.startsWith("-") ? "−" : ""}${grouped}${padded === "" ? "" : `.${padded}`}`;
}

/** As `display`, with a plus sign before a gain. */
export const displaySigned = (text: string, minScale: number): string =>
  `${signOf(text) > 0 ? "+" : ""}${display(text, minScale)}`;
