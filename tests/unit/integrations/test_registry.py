"""Check that every venue is registered, and that each keeps the contract of integrations/venue.py.

The example of docs/adding-a-feed.md is held to the same as those of the registry.
"""

import ast
import dataclasses
import pickle
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.local.ports import MAX_SANDBOXES
from cluster.settings import Settings
from core.clock import SystemClock, ns_from_utc
from core.errors import InvalidInput
from core.market import SANDBOX_SOURCE, validate_source
from core.products import FED_PRODUCTS, PRODUCTS, product
from integrations.registry import VENUES, venue
from integrations.sandbox_history import history
from integrations.venue import Decoded, SandboxAddress, SessionDecoder, VenueSpec
from quant.calendars import last_trade_date, listed_contracts, settlement_time, trading_hours
from tests.example_venue.client import SPEC as ACME

ROOT = Path(__file__).resolve().parents[3]
SPECS = [*VENUES.values(), ACME]
DAY = date(2026, 3, 2)
RECEIVED_NS = 1_772_463_600_000_000_000
ADDRESS = SandboxAddress(host="127.0.0.1", port=9000, user="sandbox", password="s3cret-phrase")

each_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.code)
each_product = pytest.mark.parametrize("code", sorted({p for spec in SPECS for p in spec.products}))


def venue_folders() -> list[Path]:
    """List the folders with the three files of a venue and a description."""
    return [
        client.parent
        for client in sorted((ROOT / "integrations").glob("*/client.py"))
        if (client.parent / "codec.py").is_file()
        and (
            (client.parent / "sandbox.py").is_file()
            or (client.parent / "sandbox" / "__main__.py").is_file()
        )
        and defines_spec(client)
    ]


def defines_spec(client: Path) -> bool:
    assigned = [
        target.id
        for node in ast.parse(client.read_text()).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]
    return "SPEC" in assigned


def test_every_venue_is_registered_by_its_folder() -> None:
    described = {
        folder.name: import_module(f"integrations.{folder.name}.client").SPEC
        for folder in venue_folders()
    }
    assert {"cme", "ice"} <= set(described)
    assert dict(VENUES) == described
    assert {code: spec.code for code, spec in VENUES.items()} == {code: code for code in VENUES}
    assert [venue(code) for code in VENUES] == list(VENUES.values())


def test_codes_neither_meet_each_other_nor_settings_of_ours() -> None:
    codes = [*VENUES, "openweather"]
    prefixes = [f"{code}_" for code in codes]
    named = [*(f"{name}_" for name in Settings.model_fields), *prefixes]
    for prefix in prefixes:
        assert [name for name in named if name.startswith(prefix)] == [prefix]
    for code in codes:
        assert validate_source(code) == code != SANDBOX_SOURCE
    assert len(codes) <= MAX_SANDBOXES


def test_every_product_of_a_feed_is_of_exactly_one_registered_venue() -> None:
    owners = {code: [s.code for s in VENUES.values() if code in s.products] for code in PRODUCTS}
    assert owners == {
        code: [row.venue] if code in FED_PRODUCTS else [] for code, row in PRODUCTS.items()
    }


def test_the_guide_names_every_part_of_a_description() -> None:
    guide = (ROOT / "docs" / "adding-a-feed.md").read_text()
    fields = [*dataclasses.fields(VenueSpec), *dataclasses.fields(SandboxAddress)]
    names = [field.name for field in fields] + list(Decoded.__struct_fields__)
    assert [name for name in names if f"`{name}`" not in guide] == []


@each_spec
def test_a_sandbox_can_be_run(spec: VenueSpec) -> None:
    found = find_spec(spec.sandbox_module)
    assert found is not None
    if found.submodule_search_locations is not None:
        found = find_spec(f"{spec.sandbox_module}.__main__")
    assert found is not None
    assert found.origin is not None
    assert '__name__ == "__main__"' in Path(found.origin).read_text()
    assert spec.sandbox_control_offset in {0, 1}


class Asked(Mapping[str, str]):
    """Remember which variables are looked for; give each the value, or only those of `given`."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given = given
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self.given[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


def credentials_of(spec: VenueSpec) -> set[str]:
    """Return the variables that a venue looks for before it finds that it has no credentials."""
    asked = Asked({})
    assert spec.config_from(asked) is None
    return asked.names


@each_spec
def test_no_credentials_is_no_configuration(spec: VenueSpec) -> None:
    assert spec.config_from({}) is None
    assert credentials_of(spec)


@each_spec
def test_half_of_the_credentials_is_refused_by_name(spec: VenueSpec) -> None:
    names = credentials_of(spec)
    refused: dict[str, InvalidInput] = {}
    for name in names:
        try:
            config = spec.config_from({name: "1"})
        except InvalidInput as error:
            refused[name] = error
        else:
            assert config is None or len(names) == 1, name
    assert refused or len(names) == 1
    for error in refused.values():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", error.context["field"])
        assert "\n" not in error.context["reason"]


@each_spec
def test_a_configuration_is_a_frozen_value_that_hides_its_secret(spec: VenueSpec) -> None:
    config = spec.sandbox_config(ADDRESS)
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own bytes
    assert ADDRESS.password not in repr(config)
    name = next(iter(dataclasses.asdict(config)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(config, name, None)


@each_spec
async def test_a_client_is_made_without_a_connection(spec: VenueSpec) -> None:
    client = spec.make_client(spec.sandbox_config(ADDRESS), SANDBOX_SOURCE, SystemClock())
    await client.close()


def garbage_frames() -> st.SearchStrategy[list[bytes]]:
    printable = st.text().map(str.encode)
    return st.lists(st.one_of(st.binary(max_size=300), printable), max_size=8)


@each_spec
@given(frames=garbage_frames())
def test_a_decoder_takes_any_bytes(spec: VenueSpec, frames: list[bytes]) -> None:
    decoder = spec.make_decoder(7, SANDBOX_SOURCE)
    for frame in frames:
        decoded = decoder.decode(frame, RECEIVED_NS)
        if decoded.bad is not None:
            assert decoded.events == ()
            assert decoded.bad


@each_spec
@given(frames=garbage_frames(), split=st.integers(0, 8))
def test_a_restored_decoder_goes_on_where_the_other_was(
    spec: VenueSpec, frames: list[bytes], split: int
) -> None:
    whole, first = (spec.make_decoder(7, SANDBOX_SOURCE) for _ in range(2))
    expected = decode_all(whole, frames)
    assert decode_all(first, frames[:split]) == expected[:split]
    second = spec.make_decoder(7, SANDBOX_SOURCE)
    second.restore(first.checkpoint())
    assert decode_all(second, frames[split:]) == expected[split:]


def decode_all(decoder: SessionDecoder, frames: list[bytes]) -> list[Decoded]:
    return [decoder.decode(frame, RECEIVED_NS) for frame in frames]


@each_spec
def test_a_venue_has_a_name_and_products(spec: VenueSpec) -> None:
    assert spec.name.strip() == spec.name != ""
    assert spec.products
    assert len(set(spec.products)) == len(spec.products)
    assert set(spec.products) <= set(PRODUCTS)


@each_product
def test_a_product_has_hours_expiries_and_a_settlement_time(code: str) -> None:
    assert trading_hours(code) is not None
    contracts = listed_contracts(code, DAY, 24)
    expiries = [last_trade_date(contract) for contract in contracts]
    assert len(contracts) == 24
    assert expiries == sorted(set(expiries))
    assert expiries[0] >= DAY
    assert ns_from_utc(settlement_time(code, DAY)) > 0


@each_product
def test_a_product_has_simulated_prices_on_its_ticks(code: str) -> None:
    columns = history(DAY - timedelta(days=7), DAY, [code], seed=3, contracts=6)
    assert columns.rows >= 6 * 4
    tick = product(code).tick
    prices = [type(tick)(price) for price in columns.prices]
    assert all(price % tick == 0 for price in prices)
    assert len(set(prices)) > 1


def test_no_description_can_be_changed() -> None:
    spec: Any = ACME
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.code = "other"
