// Own the screen shown without a valid key: how to get one.

import { type FormEvent, useState } from "react";
import { Logo } from "../ui/Logo";

interface Props {
  refused: boolean;
  onKey: (key: string) => void;
}

export function KeyScreen({ refused, onKey }: Props) {
  const [key, setKey] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() !== "") onKey(key.trim());
  };
  return (
    <main className="key-screen">
      <div className="panel">
        <Logo />
        <h1>{refused ? "This key is not valid" : "This page needs its key"}</h1>
        <p>
          {refused ? "The server refused the key; the stack may have been set up anew. " : ""}
          Run this in the terminal where Heliostat was started, then open the address it prints:
        </p>
        <pre><code>heliostat status</code></pre>
        <form onSubmit={submit} className="key-form">
          <label htmlFor="key">Or paste the key</label>
          <div>
            <input id="key" type="password" autoComplete="off" value={key} onChange={(event) => setKey(event.target.value)} />
            <button type="submit" className="primary" disabled={key.trim() === ""}>Open</button>
          </div>
        </form>
        <p className="quiet">The key stays in this tab and is forgotten when the tab closes.</p>
      </div>
    </main>
  );
}
