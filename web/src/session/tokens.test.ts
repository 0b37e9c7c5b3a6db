import { describe, expect, it } from "vitest";
import { SignedOut, Tokens } from "./tokens";

const granted = (number: number) => ({
  access_token: `a${number}`,
  refresh_token: `r${number}`,
  expires_in: 600,
});

function made(answers: Response[]) {
  const spent: (string | null)[] = [];
  const clock = { now: 0 };
  const visit = {
    fetch: async (_path: string, init?: RequestInit) => {
      spent.push(new URLSearchParams(String(init?.body)).get("refresh_token"));
      return answers.shift() ?? Promise.reject(new TypeError("offline"));
    },
  };
  return { tokens: new Tokens(granted(0), visit, () => clock.now), clock, spent };
}

const answered = (number: number) => new Response(JSON.stringify(granted(number)));

describe("Tokens", () => {
  it("are renewed a minute before they end, not sooner", async () => {
    const { tokens, clock, spent } = made([answered(1)]);
    clock.now = 539_000;
    expect(await tokens.access()).toBe("a0");
    clock.now = 541_000;
    expect(await tokens.access()).toBe("a1");
    expect(await tokens.access()).toBe("a1");
    expect(spent).toEqual(["r0"]);
  });

  it("spend a refresh token once, however many ask", async () => {
    const { tokens, clock, spent } = made([answered(1), answered(2)]);
    clock.now = 600_000;
    expect(await Promise.all([tokens.access(), tokens.access(), tokens.access()])).toEqual(["a1", "a1", "a1"]);
    await tokens.renew();
    expect(spent).toEqual(["r0", "r1"]);
  });

  it("tell a session that has ended from a server that is away", async () => {
    const { tokens, clock } = made([
      new Response("{}", { status: 503 }),
      new Response("{}", { status: 400 }),
    ]);
    clock.now = 600_000;
    await expect(tokens.access()).rejects.toThrow(TypeError);
    await expect(tokens.access()).rejects.toThrow(SignedOut);
    await expect(tokens.access()).rejects.toThrow("offline");
  });

  it("stay out of what is written down", () => {
    expect(JSON.stringify(made([]).tokens)).toBe("{}");
  });
});
