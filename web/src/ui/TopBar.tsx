// Own the bar at the top: product, source of the prices, state of the stream.

import type { Product } from "../api/types";
import type { Connection } from "../market/useMarket";
import { Logo } from "./Logo";

interface Props {
  products: Product[];
  product: string | null;
  source: string | null;
  connection: Connection;
  onProduct: (code: string) => void;
}

const STATE_WORDS: Record<Connection["state"], string> = {
  settled: "Settled",
  connecting: "Connecting",
  open: "Live",
  down: "Interrupted",
};

export function TopBar({ products, product, source, connection, onProduct }: Props) {
  const quoted = products.filter((item) => item.live_source !== null || item.sources.length > 0 || item.code === product);
  return (
    <header className="top">
      <Logo />
      <nav aria-label="Product">
        {quoted.map((item) => (
          <button
            key={item.code}
            type="button"
            title={item.name}
            aria-current={item.code === product ? "page" : undefined}
            onClick={() => onProduct(item.code)}
          >
            {item.code}
          </button>
        ))}
      </nav>
      <div className="top-end">
        {source !== null && (
          <span className={source === "sandbox" ? "badge badge-simulated" : "badge"}>
            {source === "sandbox" ? "sandbox: simulated prices" : source}
          </span>
        )}
        <a className="top-link" href="/docs">API</a>
        <a className="top-link" href="/account">Account</a>
        <a className="top-link" href="/sign-out">Sign out</a>
        <span className={`state state-${connection.state}`} role="status">{STATE_WORDS[connection.state]}</span>
      </div>
    </header>
  );
}
