import { describe, expect, it } from "vitest";
import { parseJson, stringifyWithInteger } from "./json";

describe("parseJson", () => {
  it("keeps every digit of a 63-bit seed", () => {
    expect(parseJson('{"seed":9223372036854775807,"shots":4096}')).toEqual({
      seed: "9223372036854775807",
      shots: 4096,
    });
  });

  it("leaves long fractions, exponents and digits inside strings alone", () => {
    expect(parseJson('[0.12345678901234567,1.5e-20,"id 9223372036854775807 \\" 12345678901234567"]')).toEqual([
      0.12345678901234567, 1.5e-20, 'id 9223372036854775807 " 12345678901234567',
    ]);
  });
});

describe("stringifyWithInteger", () => {
  it("writes the digits unquoted", () => {
    expect(stringifyWithInteger({ of: 12 }, "seed", "9223372036854775807")).toBe(
      '{"of":12,"seed":9223372036854775807}',
    );
  });

  it("drops leading zeros and refuses anything else", () => {
    expect(stringifyWithInteger({}, "seed", "007")).toBe('{"seed":7}');
    expect(() => stringifyWithInteger({}, "seed", "1}")).toThrow(RangeError);
  });
});
