// Own the way to a token: authorization code with PKCE (RFC 7636) at the server that sent the page.
//
// What is kept in this tab's storage on the way is good for nothing but the one answer it waits
// for; tokens never lie in any storage.

export const CLIENT_ID = "heliostat-web";
const BEGUN = "heliostat.sign-in";

/** What the token endpoint answers with. */
export interface Granted {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

export interface Visit {
  location: Pick<Location, "origin" | "pathname" | "search" | "hash" | "assign">;
  history: Pick<History, "replaceState">;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  fetch: (path: string, init?: RequestInit) => Promise<Response>;
}

export const browserVisit = (): Visit => ({
  location: window.location,
  history: window.history,
  storage: window.sessionStorage,
  fetch: (path, init) => window.fetch(path, init),
});

interface Begun {
  state: string;
  verifier: string;
  hash: string;
}

export class SignInError extends Error {
  override name = "SignInError";
}

export function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

const randomText = (): string => base64Url(crypto.getRandomValues(new Uint8Array(32)));

/** Return the S256 challenge of a verifier. */
export async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64Url(new Uint8Array(digest));
}

async function issuerOf(visit: Visit): Promise<string> {
  const answer = await visit.fetch("/.well-known/oauth-authorization-server");
  if (!answer.ok) throw new SignInError(`The server answered ${answer.status}.`);
  return ((await answer.json()) as { issuer: string }).issuer;
}

/** Leave the page for the one that asks who is there; it sends the browser back with a code. */
export async function beginSignIn(visit: Visit): Promise<void> {
  const issuer = await issuerOf(visit);
  const { hash, origin } = visit.location;
  if (issuer !== origin) {
    // Cookies, passkeys and the address that codes are sent to belong to the server's own name.
    visit.location.assign(`${issuer}/${hash}`);
    return;
  }
  if (crypto.subtle === undefined) throw new SignInError("Signing in needs HTTPS, or localhost.");
  const begun: Begun = { state: randomText(), verifier: randomText(), hash };
  visit.storage.setItem(BEGUN, JSON.stringify(begun));
  const query = new URLSearchParams({
    response_type: "code",
    client_id: CLIENT_ID,
    redirect_uri: `${issuer}/`,
    state: begun.state,
    code_challenge: await challengeOf(begun.verifier),
    code_challenge_method: "S256",
  });
  visit.location.assign(`${issuer}/oauth/authorize?${query}`);
}

/** Take what the server sent the browser back with, wiping it from the address; null: nothing. */
export async function finishSignIn(visit: Visit): Promise<Granted | null> {
  const { origin, pathname, search } = visit.location;
  const query = new URLSearchParams(search);
  if (!query.has("state") || !(query.has("code") || query.has("error"))) return null;
  const begun = takeBegun(visit);
  visit.history.replaceState(null, "", `${pathname}${begun?.hash ?? ""}`);
  // An answer that this tab did not ask for: someone else may have sent it (RFC 9700, 4.7).
  if (begun === null || query.get("state") !== begun.state || query.get("iss") !== origin) return null;
  const code = query.get("code");
  if (code === null) {
    throw new SignInError(query.get("error_description") ?? query.get("error") ?? "");
  }
  const answer = await askForTokens(visit, {
    grant_type: "authorization_code",
    code,
    redirect_uri: `${origin}/`,
    code_verifier: begun.verifier,
  });
  if (!answer.ok) throw new SignInError(await refusalOf(answer));
  return (await answer.json()) as Granted;
}

/** Send one request to the token endpoint. */
export function askForTokens(
  visit: Pick<Visit, "fetch">,
  grant: Record<string, string>,
): Promise<Response> {
  const body = new URLSearchParams({ client_id: CLIENT_ID, ...grant });
  return visit.fetch("/oauth/token", { method: "POST", body, cache: "no-store" });
}

async function refusalOf(answer: Response): Promise<string> {
  const told = (await answer.json().catch(() => ({}))) as { error_description?: string };
  return told.error_description ?? `The server answered ${answer.status}.`;
}

function takeBegun(visit: Visit): Begun | null {
  const stored = visit.storage.getItem(BEGUN);
  visit.storage.removeItem(BEGUN);
  return stored === null ? null : (JSON.parse(stored) as Begun);
}
