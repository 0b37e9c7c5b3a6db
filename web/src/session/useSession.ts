// Own whether somebody is signed in on this page, and the way there.

import { useCallback, useEffect, useRef, useState } from "react";
import { messageOf } from "../api/client";
import { beginSignIn, browserVisit, finishSignIn } from "./signIn";
import { Tokens } from "./tokens";

const ENDED = "Your session has ended, or somebody ended it.";

export interface Session {
  tokens: Tokens | null;
  reason: string | null;
  signIn: () => void;
  onEnded: () => void;
}

export function useSession(): Session {
  const [tokens, setTokens] = useState<Tokens | null>(null);
  const [reason, setReason] = useState<string | null>(null);
  const hasBegun = useRef(false);

  const signIn = useCallback(() => {
    setReason(null);
    beginSignIn(browserVisit()).catch((error: unknown) => setReason(messageOf(error)));
  }, []);

  useEffect(() => {
    // A code is good once, and React may run an effect twice.
    if (hasBegun.current) return;
    hasBegun.current = true;
    const visit = browserVisit();
    finishSignIn(visit).then(
      (granted) => (granted === null ? signIn() : setTokens(new Tokens(granted, visit))),
      (error: unknown) => setReason(messageOf(error)),
    );
  }, [signIn]);

  const onEnded = useCallback(() => {
    setTokens(null);
    setReason(ENDED);
  }, []);
  return { tokens, reason, signIn, onEnded };
}
