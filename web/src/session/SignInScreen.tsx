// Own the screen of who is not signed in: why, and the way in.

import { Logo } from "../ui/Logo";

interface Props {
  /** Null while the browser is on its way to the page that asks who is there. */
  reason: string | null;
  onSignIn: () => void;
}

export function SignInScreen({ reason, onSignIn }: Props) {
  return (
    <main className="sign-in-screen">
      <div className="panel">
        <Logo />
        {reason === null ? (
          <p className="quiet" role="status">Opening the sign-in page…</p>
        ) : (
          <>
            <h1>You are not signed in</h1>
            <p role="alert">{reason}</p>
            <button type="button" className="primary" onClick={onSignIn}>Sign in</button>
          </>
        )}
      </div>
    </main>
  );
}
