"""Check which vendors feed a stack, what configures their clients, and how a bad value is named."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cluster import venues
from cluster.local.credentials import StackSecrets, load_or_create
from cluster.local.ports import PortPlan
from cluster.settings import Settings
from cluster.venues import live_vendors
from core.errors import StackError
from integrations.ibm.config import IbmConfig
from integrations.openweather.client import OpenWeatherConfig
from integrations.registry import VENUES
from tests.example_venue import client as acme

PLAN = PortPlan(8700)
ACME = {"acme_user": "u", "acme_password": "p"}


@pytest.fixture
def secrets(tmp_path: Path) -> StackSecrets:
    return load_or_create(tmp_path / "credentials.json")


@pytest.fixture
def with_acme(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register Acme, which takes its products over from the venue that has them."""
    left = {
        code: replace(
            spec,
            products=tuple(p for p in spec.products if p not in acme.SPEC.products),
        )
        for code, spec in VENUES.items()
    }
    monkeypatch.setattr(venues, "VENUES", {**left, acme.SPEC.code: acme.SPEC})


def settings(live: tuple[str, ...] | None = None, **variables: str) -> Settings:
    given: dict[str, Any] = variables
    return Settings(live_products=live, vendor_variables=given)


def test_without_credentials_every_vendor_is_its_sandbox(secrets: StackSecrets) -> None:
    vendors = live_vendors(settings())
    assert [venue.code for venue in vendors.venues] == list(VENUES)
    everyone = (*vendors.venues, vendors.weather, vendors.quantum)
    assert {vendor.source for vendor in everyone} == {"sandbox"}
    assert [sandbox.code for sandbox in vendors.sandboxes] == [*VENUES, "openweather"]
    assert [sandbox.code for sandbox in vendors.later_sandboxes] == ["ibm"]
    listed = tuple(code for spec in VENUES.values() for code in spec.products)
    assert vendors.products == vendors.simulated_products == listed
    assert vendors.main_product == "CL"


def test_the_registry_numbers_the_ports_whoever_has_credentials() -> None:
    vendors = live_vendors(settings())
    everything = (*vendors.sandboxes, *vendors.later_sandboxes)
    ports = [port for sandbox in everything for port in sandbox.ports(PLAN)]
    assert len(set(ports)) == len(ports)
    assert vendors.sandbox_ports(PLAN) == tuple(ports)
    assert [sandbox.port(PLAN) for sandbox in everything] == [
        PLAN.sandbox(number) for number in range(len(VENUES) + 2)
    ]
    last = live_vendors(settings(live=VENUES[list(VENUES)[-1]].products)).sandboxes
    assert [sandbox.port(PLAN) for sandbox in last] == [
        sandbox.port(PLAN) for sandbox in everything[-3:-1]
    ]


def test_a_sandbox_is_configured_with_its_own_address(secrets: StackSecrets) -> None:
    for venue in live_vendors(settings()).venues:
        spec = VENUES[venue.code]
        config = venue.client_config(PLAN, secrets)
        assert type(config) is type(spec.sandbox_config(_address(venue.sandbox, secrets)))
        assert config == spec.sandbox_config(_address(venue.sandbox, secrets))
        assert secrets.sandbox_password not in repr(config)


def _address(sandbox: venues.Sandbox, secrets: StackSecrets) -> venues.SandboxAddress:
    return venues.SandboxAddress(
        host="127.0.0.1",
        port=sandbox.port(PLAN),
        user="sandbox",
        password=secrets.sandbox_password,
    )


@pytest.mark.usefixtures("with_acme")
def test_credentials_replace_the_sandbox_of_that_venue_alone(secrets: StackSecrets) -> None:
    vendors = live_vendors(settings(**ACME, acme_port="7100"))
    venue = next(venue for venue in vendors.venues if venue.code == "acme")
    assert venue.source == "acme"
    assert venue.client_config(PLAN, secrets) == acme.AcmeConfig(
        host="feed.acme.example", port=7100, user="u", password="p"
    )
    assert "acme" not in {sandbox.code for sandbox in vendors.sandboxes}
    assert not set(acme.SPEC.products) & set(vendors.simulated_products)
    assert {other.source for other in vendors.venues if other is not venue} == {"sandbox"}


@pytest.mark.usefixtures("with_acme")
@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"acme_user": "u"}, "HELIOSTAT_ACME_PASSWORD: set both"),
        ({"acme_password": "p"}, "HELIOSTAT_ACME_USER: set both"),
        ({**ACME, "acme_port": "many"}, "HELIOSTAT_ACME_PORT: expected a number"),
        ({"openweather_base_url": "http://x"}, "HELIOSTAT_OPENWEATHER_API_KEY: "),
        ({"ibm_token": "k"}, "HELIOSTAT_IBM_INSTANCE: expected beside token"),
    ],
)
def test_half_of_the_credentials_is_one_line_that_names_the_variable(
    variables: dict[str, str], named: str
) -> None:
    with pytest.raises(StackError) as caught:
        live_vendors(settings(**variables))
    assert caught.value.detail.startswith(named)
    assert "\n" not in caught.value.detail
    assert not caught.value.context["problem"].endswith("..")


def test_live_products_narrow_what_is_fed() -> None:
    vendors = live_vendors(settings(live=("NG", "CL", "NG")))
    assert vendors.products == ("NG", "CL")
    assert vendors.main_product == "NG"
    assert [(venue.code, venue.products) for venue in vendors.venues] == [("cme", ("NG", "CL"))]
    assert [sandbox.code for sandbox in vendors.sandboxes] == ["cme", "openweather"]


def test_an_unknown_live_product_is_named() -> None:
    with pytest.raises(StackError, match=r"HELIOSTAT_LIVE_PRODUCTS: no registered .* 'XX'"):
        live_vendors(settings(live=("CL", "XX")))


def test_the_weather_service_takes_a_key_and_an_address(secrets: StackSecrets) -> None:
    weather = live_vendors(settings(openweather_api_key="k")).weather
    assert weather.source == "openweather"
    assert weather.client_config(PLAN, secrets) == OpenWeatherConfig(
        base_url="https://api.openweathermap.org", api_key="k"
    )
    other = live_vendors(settings(openweather_api_key="k", openweather_base_url="http://w")).weather
    assert other.given.base_url == "http://w"
    simulated = live_vendors(settings()).weather
    assert simulated.client_config(PLAN, secrets) == OpenWeatherConfig(
        base_url=f"http://127.0.0.1:{simulated.sandbox.port(PLAN)}",
        api_key=secrets.sandbox_password,
    )


def test_quantum_devices_take_a_key_and_an_instance(secrets: StackSecrets) -> None:
    instance = "crn:v1:bluemix:public:quantum-computing:us-east:a/1:2::"
    quantum = live_vendors(settings(ibm_token="k", ibm_instance=instance)).quantum
    assert quantum.source == "ibm"
    assert quantum.client_config(PLAN, secrets) == IbmConfig(token="k", instance=instance)
    vendors = live_vendors(settings())
    simulated = vendors.quantum.client_config(PLAN, secrets)
    port = vendors.quantum.sandbox.port(PLAN)
    assert simulated.api_url == f"http://127.0.0.1:{port}/api/v1"
    assert secrets.sandbox_password not in repr(simulated)
    assert live_vendors(settings(ibm_token="k", ibm_instance=instance)).later_sandboxes == ()
