import { describe, expect, it } from "vitest";
import { beginSignIn, challengeOf, finishSignIn, SignInError, type Visit } from "./signIn";

const ORIGIN = "http://localhost:8700";
const GRANTED = { access_token: "a", refresh_token: "r", expires_in: 600 };

interface Trip extends Visit {
  went: string[];
  asked: { path: string; form: URLSearchParams }[];
  stored: Map<string, string>;
  shown: string[];
}

function trip(at: { search?: string; hash?: string } = {}, issuer = ORIGIN, token = new Response(JSON.stringify(GRANTED))): Trip {
  const went: string[] = [];
  const asked: Trip["asked"] = [];
  const shown: string[] = [];
  const stored = new Map<string, string>();
  return {
    went,
    asked,
    stored,
    shown,
    location: {
      origin: ORIGIN,
      pathname: "/",
      search: at.search ?? "",
      hash: at.hash ?? "",
      assign: (address: string | URL) => void went.push(String(address)),
    },
    history: { replaceState: (_state, _title, url) => void shown.push(String(url)) },
    storage: {
      getItem: (name) => stored.get(name) ?? null,
      setItem: (name, value) => void stored.set(name, value),
      removeItem: (name) => void stored.delete(name),
    },
    fetch: async (path, init) => {
      asked.push({ path, form: new URLSearchParams(String(init?.body ?? "")) });
      return path.startsWith("/.well-known/") ? new Response(JSON.stringify({ issuer })) : token;
    },
  };
}

/** Begin, and come back as the server would send the browser. */
async function roundTrip(answer: (query: URLSearchParams) => Record<string, string>, token?: Response) {
  const out = trip({ hash: "#run=7" });
  await beginSignIn(out);
  const query = new URL(out.went[0] ?? "").searchParams;
  const back = trip({ search: `?${new URLSearchParams(answer(query))}` }, ORIGIN, token);
  for (const [name, value] of out.stored) back.stored.set(name, value);
  return { query, back };
}

const good = (query: URLSearchParams) => ({ code: "c", state: query.get("state") ?? "", iss: ORIGIN });

describe("challengeOf", () => {
  it("is that of RFC 7636, appendix B", async () => {
    expect(await challengeOf("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).toBe(
      "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    );
  });
});

describe("signing in", () => {
  it("asks with a challenge and trades the code with its verifier", async () => {
    const { query, back } = await roundTrip(good);
    expect(Object.fromEntries(query)).toMatchObject({
      response_type: "code",
      client_id: "heliostat-web",
      redirect_uri: `${ORIGIN}/`,
      code_challenge_method: "S256",
    });
    expect(await finishSignIn(back)).toEqual(GRANTED);
    const form = back.asked[0]?.form;
    expect(form?.get("code")).toBe("c");
    expect(await challengeOf(form?.get("code_verifier") ?? "")).toBe(query.get("code_challenge"));
    expect(back.shown).toEqual(["/#run=7"]);
    expect(back.stored.size).toBe(0);
  });

  it("asks anew each time", async () => {
    const [first, second] = [await roundTrip(good), await roundTrip(good)];
    expect(first.query.get("state")).not.toBe(second.query.get("state"));
    expect(first.query.get("code_challenge")).not.toBe(second.query.get("code_challenge"));
  });

  it("goes to the server's own name first", async () => {
    const here = trip({ hash: "#run=7" }, "https://desk.example");
    await beginSignIn(here);
    expect(here.went).toEqual(["https://desk.example/#run=7"]);
    expect(here.stored.size).toBe(0);
  });

  it("does not take answers that it did not ask for", async () => {
    for (const wrong of [
      () => ({ code: "c", state: "other", iss: ORIGIN }),
      (query: URLSearchParams) => ({ ...good(query), iss: "http://evil.example" }),
      (query: URLSearchParams) => ({ code: "c", state: query.get("state") ?? "" }),
    ]) {
      const { back } = await roundTrip(wrong);
      expect(await finishSignIn(back)).toBeNull();
      expect(back.asked).toEqual([]);
      expect(back.shown).toHaveLength(1);
    }
    const unasked = trip({ search: "?code=c&state=s&iss=x" });
    expect(await finishSignIn(unasked)).toBeNull();
  });

  it("says what the server refused", async () => {
    const denied = await roundTrip((query) => ({
      error: "access_denied",
      error_description: "No.",
      state: query.get("state") ?? "",
      iss: ORIGIN,
    }));
    await expect(finishSignIn(denied.back)).rejects.toThrow(new SignInError("No."));
    const spent = new Response(JSON.stringify({ error_description: "Spent." }), { status: 400 });
    await expect(finishSignIn((await roundTrip(good, spent)).back)).rejects.toThrow("Spent.");
  });

  it("leaves an address without an answer alone", async () => {
    const here = trip({ search: "?theme=x" });
    expect(await finishSignIn(here)).toBeNull();
    expect(here.shown).toEqual([]);
  });
});
