// Own the page as a whole: who is there first, then market and portfolio side by side.

import { useEffect, useMemo, useState } from "react";
import { Api, messageOf } from "./api/client";
import type { Product } from "./api/types";
import { FeedsPanel } from "./feeds/FeedsPanel";
import { useFeeds } from "./feeds/useFeeds";
import { MarketPanel } from "./market/MarketPanel";
import { useMarket } from "./market/useMarket";
import { RunPanel } from "./runs/RunPanel";
import { SignInScreen } from "./session/SignInScreen";
import { useSession } from "./session/useSession";
import { TopBar } from "./ui/TopBar";

const FIRST_PRODUCT = "CL";
const RETRY_MS = 4_000;

export function App() {
  const { tokens, reason, signIn, onEnded } = useSession();
  const api = useMemo(() => (tokens === null ? null : new Api(tokens, onEnded)), [tokens, onEnded]);
  return api === null ? <SignInScreen reason={reason} onSignIn={signIn} /> : <Desk api={api} />;
}

function useProducts(api: Api) {
  const [products, setProducts] = useState<Product[] | null>(null);
  const [error, setError] = useState<string | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const load = async () => {
      try {
        const items = await api.products();
        if (gone) return;
        const priced = items.filter((item) => item.live_source !== null || item.sources.length > 0);
        setProducts(priced.length > 0 ? priced : items);
        setError(null);
      } catch (failure) {
        if (gone) return;
        setError(messageOf(failure));
        timer = setTimeout(() => void load(), RETRY_MS);
      }
    };
    void load();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [api]);
  return { products, error };
}

function Desk({ api }: { api: Api }) {
  const { products, error } = useProducts(api);
  const [picked, setPicked] = useState<string | null>(null);
  const quoted = products?.find((item) => item.code === FIRST_PRODUCT) ?? products?.[0];
  const code = picked ?? quoted?.code ?? null;
  const product = products?.find((item) => item.code === code);
  const settledSource = product?.live_source == null ? (product?.sources[0]?.source ?? null) : null;
  const feeds = useFeeds(api);
  const market = useMarket(api, code, settledSource, feeds.items, feeds.lookSoon);

  return (
    <>
      <a className="skip" href="#portfolio">Skip to the portfolio</a>
      <TopBar
        products={products ?? []}
        product={code}
        source={market.curve?.source ?? settledSource ?? product?.live_source ?? null}
        connection={market.connection}
        onProduct={setPicked}
      />
      {products === null ? (
        <main className="desk">
          {error === null ? <p className="quiet loading">Loading products…</p> : <p className="banner" role="alert">{error} Trying again.</p>}
        </main>
      ) : (
        <main className="desk">
          <div className="column">
            <MarketPanel product={product} market={market} />
            <FeedsPanel feeds={feeds} />
          </div>
          <div className="column" id="portfolio" tabIndex={-1}>
            <RunPanel api={api} products={products} />
          </div>
        </main>
      )}
    </>
  );
}
