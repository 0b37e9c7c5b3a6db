// Own the tokens of this page: in memory only, renewed before they end, each refresh token once.

import { askForTokens, type Granted, type Visit } from "./signIn";

const EARLY_MS = 60_000;

export class SignedOut extends Error {
  override name = "SignedOut";
}

export class Tokens {
  #access: string;
  #refresh: string;
  #endsAt: number;
  #renewing: Promise<void> | null = null;
  readonly #visit: Pick<Visit, "fetch">;
  readonly #now: () => number;

  constructor(granted: Granted, visit: Pick<Visit, "fetch">, now: () => number = Date.now) {
    this.#visit = visit;
    this.#now = now;
    this.#access = granted.access_token;
    this.#refresh = granted.refresh_token;
    this.#endsAt = now() + granted.expires_in * 1_000;
  }

  /** Return a token that is good for a while; raise SignedOut where none is given any more. */
  async access(): Promise<string> {
    if (this.#now() > this.#endsAt - EARLY_MS) await this.renew();
    return this.#access;
  }

  /** Trade the refresh token for new tokens; who asks meanwhile waits for the same answer. */
  renew(): Promise<void> {
    // Spending a refresh token twice looks like theft, and ends all that came of it.
    this.#renewing ??= this.#trade().finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  async #trade(): Promise<void> {
    const answer = await askForTokens(this.#visit, {
      grant_type: "refresh_token",
      refresh_token: this.#refresh,
    });
    if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) throw new SignedOut();
    if (!answer.ok) throw new TypeError(`The server answered ${answer.status}.`);
    const granted = (await answer.json()) as Granted;
    this.#access = granted.access_token;
    this.#refresh = granted.refresh_token;
    this.#endsAt = this.#now() + granted.expires_in * 1_000;
  }
}
