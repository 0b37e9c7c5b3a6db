"""Own how settings become the configuration of every part: the one place that knows them all."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from actors.feed import FeedConfig
from actors.market import MarketConfig
from actors.remote import ActorsConfig
from actors.runs import RunManagerConfig
from cluster.local.addresses import Addresses
from cluster.settings import Settings
from core.market import SANDBOX_SOURCE
from core.products import Venue
from integrations.cme.client import CmeConfig
from serve.keys import digest_of
from serve.services import EdgeConfig

PAGES = Path(__file__).resolve().parent.parent / "web" / "dist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Hold the configuration of the actors and of the HTTP edge."""

    actors: ActorsConfig
    edge: EdgeConfig


def wire(settings: Settings, addresses: Addresses, api_key: str, namespace: str) -> Wiring:
    """Assemble the configuration of one stack."""
    source = SANDBOX_SOURCE if settings.uses_cme_sandbox else Venue.CME.value
    cme = CmeConfig(
        auth_url=addresses.cme_auth_url,
        stream_url=addresses.cme_stream_url,
        refdata_url=addresses.cme_refdata_url,
        api_id=addresses.cme_api_id,
        password=addresses.cme_password,
    )
    feed = FeedConfig(
        venue=Venue.CME.value,
        source=source,
        products=settings.live_products,
        cme=cme,
        database=addresses.database,
        cache_url=addresses.cache_url,
    )
    return Wiring(
        actors=ActorsConfig(
            namespace=namespace,
            market=MarketConfig(
                database=addresses.database,
                cache_url=addresses.cache_url,
                sources=tuple((product, source) for product in settings.live_products),
            ),
            feeds=(feed,),
            runs=RunManagerConfig(database=addresses.database, cache_url=addresses.cache_url),
        ),
        edge=EdgeConfig(
            database=addresses.database,
            cache_url=addresses.cache_url,
            key_digest=digest_of(api_key),
            version=version("heliostat-platform"),
            pages=PAGES if PAGES.is_dir() else None,
        ),
    )
