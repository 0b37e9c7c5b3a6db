"""Own which vendors serve this stack: the vendor itself with credentials, else its sandbox."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cluster.local.credentials import StackSecrets
from cluster.local.ports import PortPlan
from cluster.settings import ENV_PREFIX, Settings
from core.errors import InvalidInput, StackError
from core.market import SANDBOX_SOURCE
from integrations.ibm import config as ibm
from integrations.oidc import config as oidc
from integrations.oidc.client import OidcConfig
from integrations.openweather.client import OpenWeatherConfig
from integrations.registry import VENUES
from integrations.venue import SandboxAddress

LOOPBACK = "127.0.0.1"
WEATHER = "openweather"
WEATHER_URL = "https://api.openweathermap.org"
IBM = "ibm"
OIDC = "oidc"
_REMEDY = "Correct it in the environment, in .env or by `heliostat vault put`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Describe a vendor's sandbox; `number` gives it its ports."""

    code: str
    name: str
    module: str
    number: int
    control_offset: int
    config: Callable[[SandboxAddress], Any]

    def port(self, plan: PortPlan) -> int:
        return plan.sandbox(self.number)

    def control_port(self, plan: PortPlan) -> int:
        return self.port(plan) + self.control_offset

    def ports(self, plan: PortPlan) -> tuple[int, ...]:
        """List the ports that it listens on."""
        return tuple(sorted({self.port(plan), self.control_port(plan)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """Hold one vendor that is live here; `products` is empty where it is no venue.

    `given` is its client's configuration as the settings give it, None without credentials.
    """

    code: str
    products: tuple[str, ...]
    sandbox: Sandbox
    given: Any

    @property
    def uses_sandbox(self) -> bool:
        return self.given is None

    @property
    def source(self) -> str:
        return SANDBOX_SOURCE if self.uses_sandbox else self.code

    def client_config(self, plan: PortPlan, secrets: StackSecrets) -> Any:
        """Return the configuration of its client."""
        if not self.uses_sandbox:
            return self.given
        address = SandboxAddress(
            host=LOOPBACK,
            port=self.sandbox.port(plan),
            user=secrets.sandbox_api_id,
            password=secrets.sandbox_password,
        )
        return self.sandbox.config(address)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveVendors:
    """Hold a stack's vendors: venues with a live product, the weather, and quantum devices.

    `products` are all that are live, the main one first.
    """

    products: tuple[str, ...]
    venues: tuple[Vendor, ...]
    weather: Vendor
    quantum: Vendor

    @property
    def main_product(self) -> str:
        return self.products[0]

    @property
    def sandboxes(self) -> tuple[Sandbox, ...]:
        """List the sandboxes that a price may need, which start with the stack."""
        vendors = (*self.venues, self.weather)
        return tuple(vendor.sandbox for vendor in vendors if vendor.uses_sandbox)

    @property
    def later_sandboxes(self) -> tuple[Sandbox, ...]:
        """List the sandboxes that start once the stack is ready."""
        return (self.quantum.sandbox,) if self.quantum.uses_sandbox else ()

    def sandbox_ports(self, plan: PortPlan) -> tuple[int, ...]:
        """List the ports that the sandboxes of this stack listen on."""
        sandboxes = (*self.sandboxes, *self.later_sandboxes)
        return tuple(port for sandbox in sandboxes for port in sandbox.ports(plan))

    @property
    def simulated_products(self) -> tuple[str, ...]:
        return tuple(code for venue in self.venues if venue.uses_sandbox for code in venue.products)


def live_vendors(settings: Settings) -> LiveVendors:
    """Choose the vendors of a stack.

    Raises:
        StackError: half of a vendor's credentials, a bad value, or an unknown live product.
    """
    products = _live_products(settings)
    return LiveVendors(
        products=products,
        venues=tuple(
            Vendor(
                code=spec.code,
                products=live,
                given=_given(spec.code, settings),
                sandbox=Sandbox(
                    code=spec.code,
                    name=f"{spec.code.upper()} sandbox",
                    module=spec.sandbox_module,
                    number=number,
                    control_offset=spec.sandbox_control_offset,
                    config=spec.sandbox_config,
                ),
            )
            for number, spec in enumerate(VENUES.values())
            if (live := tuple(code for code in products if code in spec.products))
        ),
        weather=_weather(settings),
        quantum=_quantum(settings),
    )


def sign_in_provider(settings: Settings) -> OidcConfig | None:
    """Return where people may sign in elsewhere, None where the settings name no provider.

    Raises:
        StackError: half of its settings are given, or a bad value.
    """
    config: OidcConfig | None = _given(OIDC, settings)
    return config


def readers_by_vendor() -> dict[str, Callable[[Mapping[str, str]], Any]]:
    """Return what reads the variables of each vendor, which is None where they name no way in."""
    return {
        **{code: spec.config_from for code, spec in VENUES.items()},
        WEATHER: _weather_from,
        IBM: ibm.config_from,
        OIDC: oidc.config_from,
    }


def model_products(settings: Settings, vendors: LiveVendors) -> tuple[str, ...]:
    """Return the products that have a model: every live one, or those that the settings name.

    Raises:
        StackError: one of them is not live.
    """
    if settings.model_products is None:
        return vendors.products
    for code in settings.model_products:
        if code not in vendors.products:
            raise StackError(
                problem=f"{ENV_PREFIX}MODEL_PRODUCTS: {code!r} is not live; "
                f"live are {', '.join(vendors.products)}.",
                remedy=_REMEDY,
            )
    return settings.model_products


def _weather(settings: Settings) -> Vendor:
    return Vendor(
        code=WEATHER,
        products=(),
        given=_given(WEATHER, settings),
        sandbox=Sandbox(
            code=WEATHER,
            name="OpenWeather sandbox",
            module="integrations.openweather.sandbox",
            number=len(VENUES),
            control_offset=0,
            config=_weather_sandbox,
        ),
    )


def _quantum(settings: Settings) -> Vendor:
    return Vendor(
        code=IBM,
        products=(),
        given=_given(IBM, settings),
        sandbox=Sandbox(
            code=IBM,
            name="IBM Quantum sandbox",
            module="integrations.ibm.sandbox",
            number=len(VENUES) + 1,
            control_offset=0,
            config=ibm.sandbox_config,
        ),
    )


def _weather_from(variables: Mapping[str, str]) -> OpenWeatherConfig | None:
    if "api_key" in variables:
        base_url = variables.get("base_url", WEATHER_URL)
        return OpenWeatherConfig(base_url=base_url, api_key=variables["api_key"])
    if "base_url" in variables:
        raise InvalidInput(field="api_key", reason="an address was given, and the key is missing")
    return None


def _weather_sandbox(address: SandboxAddress) -> OpenWeatherConfig:
    base_url = f"http://{address.host}:{address.port}"
    return OpenWeatherConfig(base_url=base_url, api_key=address.password)


def _live_products(settings: Settings) -> tuple[str, ...]:
    known = [code for spec in VENUES.values() for code in spec.products]
    if settings.live_products is None:
        return tuple(known)
    for code in settings.live_products:
        if code not in known:
            raise StackError(
                problem=f"{ENV_PREFIX}LIVE_PRODUCTS: no registered venue lists {code!r}; "
                f"known are {', '.join(known)}.",
                remedy=_REMEDY,
            )
    return tuple(dict.fromkeys(settings.live_products))


def _given(code: str, settings: Settings) -> Any:
    try:
        return readers_by_vendor()[code](settings.variables_of(code))
    except InvalidInput as error:
        name = f"{ENV_PREFIX}{code}_{error.context['field']}".upper()
        reason = error.context["reason"].rstrip(".")
        raise StackError(problem=f"{name}: {reason}.", remedy=_REMEDY) from None
