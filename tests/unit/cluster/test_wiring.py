"""Check what the actors and the edge of one stack are configured with."""

from dataclasses import replace
from pathlib import Path

import pytest

from cluster.local.context import StackContext, read_context
from cluster.local.paths import stack_paths
from cluster.settings import Settings
from cluster.wiring import wire
from core.errors import StackError
from integrations.ibm.sandbox.jobs import MAX_TAG_LENGTH
from integrations.registry import VENUES


@pytest.fixture
def context(tmp_path: Path) -> StackContext:
    settings = Settings(live_products=None, journal_limit_gb=2.0, keep_ticks_days=11)
    return read_context(settings, stack_paths(tmp_path, Path("/short")), 8700)


def test_every_venue_has_a_feed_with_a_journal_of_its_own(context: StackContext) -> None:
    feeds = wire(context, -5).actors.feeds
    assert [feed.venue for feed in feeds] == list(VENUES)
    assert [feed.products for feed in feeds] == [spec.products for spec in VENUES.values()]
    journals = [feed.journal for feed in feeds]
    assert len(set(journals)) == len(journals)
    assert {journal.parent for journal in journals} == {context.paths.data / "journals"}
    assert {feed.journal_limit_bytes for feed in feeds} == {2 * 1024**3}
    assert {feed.venue_ahead_ns for feed in feeds} == {-5}
    assert {feed.object_store for feed in feeds} == {(context.paths.data / "objects").as_uri()}


def test_a_venue_and_its_sandbox_never_share_a_journal(tmp_path: Path) -> None:
    given = Settings(vendor_variables={"cme_api_id": "u", "cme_password": "p"})
    journals = {
        feed.source: feed.journal
        for settings in (Settings(), given)
        for feed in wire(
            read_context(settings, stack_paths(tmp_path, Path("/short")), 8700), 0
        ).actors.feeds
        if feed.venue == "cme"
    }
    assert set(journals) == {"cme", "sandbox"}
    assert journals["cme"] != journals["sandbox"]


def test_every_live_product_has_one_source(context: StackContext) -> None:
    sources = wire(context, -5).actors.market.sources
    listed = [code for spec in VENUES.values() for code in spec.products]
    assert sources == tuple((code, "sandbox") for code in listed)


def test_every_live_product_has_a_model_of_its_live_source(context: StackContext) -> None:
    models = wire(context, -5).actors.models
    listed = [code for spec in VENUES.values() for code in spec.products]
    assert [model.product for model in models] == listed
    assert {model.source for model in models} == {"sandbox"}
    assert {model.database for model in models} == {context.addresses.database}


def test_models_are_those_that_the_settings_name(tmp_path: Path) -> None:
    settings = Settings(
        model_products=("NG", "CL"), model_history="import:desk", model_refit_days=5
    )
    models = wire(
        read_context(settings, stack_paths(tmp_path, Path("/short")), 8700), 0
    ).actors.models
    assert [(one.product, one.history_source, one.refit_days) for one in models] == [
        ("CL", "import:desk", 5),
        ("NG", "import:desk", 5),
    ]
    with pytest.raises(StackError, match="HELIOSTAT_MODEL_PRODUCTS: 'XX' is not live"):
        wire(
            read_context(
                Settings(model_products=("XX",)), stack_paths(tmp_path, Path("/short")), 8700
            ),
            0,
        )


def test_one_stack_has_one_database_one_cache_and_one_name(context: StackContext) -> None:
    wiring = wire(context, -5)
    actors, edge = wiring.actors, wiring.edge
    assert actors.weather is not None
    holders = [actors.market, actors.runs, actors.keeper, actors.weather, edge, *actors.feeds]
    holders.append(actors.qpu)
    assert {holder.database for holder in holders} == {context.addresses.database}
    cached = [actors.market, actors.runs, edge, *actors.feeds]
    assert {holder.cache_url for holder in cached} == {context.addresses.cache_url}
    assert actors.namespace == f"heliostat-{context.paths.stack_id}"


def test_the_edge_knows_the_venues_and_how_browsers_reach_it(context: StackContext) -> None:
    edge = wire(context, -5).edge
    assert edge.venues == tuple(VENUES)
    assert edge.origin == f"http://localhost:{context.ports.api}"
    public = context.settings.model_copy(update={"public_origin": "https://heliostat.example"})
    assert replace(context, settings=public).origin == "https://heliostat.example"


def test_ticks_are_kept_as_long_as_told(context: StackContext) -> None:
    assert wire(context, -5).actors.keeper.keep_days == 11


def test_an_object_store_of_ones_own_is_used(tmp_path: Path) -> None:
    settings = Settings(object_store="s3://captures/heliostat")
    context = read_context(settings, stack_paths(tmp_path, Path("/short")), 8700)
    assert {feed.object_store for feed in wire(context, -5).actors.feeds} == {
        "s3://captures/heliostat"
    }


def test_the_stacks_jobs_carry_its_own_tag_at_the_pace_that_is_set(tmp_path: Path) -> None:
    settings = Settings(qpu_submissions_per_minute=9)
    context = read_context(settings, stack_paths(tmp_path, Path("/short")), 8700)
    qpu = wire(context, 0).actors.qpu
    assert (qpu.source, qpu.submissions_per_minute) == ("sandbox", 9)
    assert qpu.owner == f"heliostat-{context.paths.stack_id}"
    assert len(qpu.owner) <= MAX_TAG_LENGTH
