// Own JSON with integers wider than a double: they are read as text, so no digit is lost.

const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const WIDE_INTEGER = /^-?\d{16,}$/;

export function parseJson<T>(text: string): T {
  const safe = text.replace(STRING_OR_NUMBER, (token) =>
    WIDE_INTEGER.test(token) ? `"${token}"` : token,
  );
  return JSON.parse(safe) as T;
}

/** Write JSON in which the text under `field` is a number of any width. */
export function stringifyWithInteger(value: object, field: string, digits: string): string {
  if (!/^\d+$/.test(digits)) throw new RangeError(`${field} is not a whole number`);
  const body = JSON.stringify(value).slice(1, -1);
  const canonical = BigInt(digits).toString();
  return `{${body}${body === "" ? "" : ","}${JSON.stringify(field)}:${canonical}}`;
}
