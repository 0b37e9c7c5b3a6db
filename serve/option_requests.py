"""Own what a request for option prices may say: inputs named as `heliostat price` names them.

Bounds keep every answer finite and its computation short; what a model needs beyond them it says.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from core.asked import Asked, require

MODEL_TAG_PREFIX = "model="
"""Begin the tags by which pydantic names the member of the union, which no caller needs to see."""
UNKNOWN_MODEL = "unknown_model"
"""Name the failure of a `model` that there is not."""

MAX_FIXINGS = 5_000
MAX_EXERCISE_DATES = 250
MAX_EXPIRIES = 60
MAX_QUOTES = 200
MAX_STRIKES = 500
_LARGEST_PRICE = 1e9

_NAMES = ("black76", "bachelier", "kirk", "bjerksund_stensland", "asian", "american")


def _price_field(description: str, example: float) -> Any:
    return Field(
        ge=-_LARGEST_PRICE,
        le=_LARGEST_PRICE,
        allow_inf_nan=False,
        description=description,
        examples=[example],
    )


def _dash_to_underscore(name: Any) -> Any:
    return name.replace("-", "_") if isinstance(name, str) else name


Forward = Annotated[float, _price_field("The futures price.", 72.0)]
Spot = Annotated[float, _price_field("The price, if it is a spot price.", 72.0)]
Strike = Annotated[float, _price_field("The strike.", 70.0)]
OptionPrice = Annotated[float, _price_field("What the option is traded at.", 4.5)]
Vol = Annotated[
    float,
    Field(
        gt=0, le=100, allow_inf_nan=False, description="A year's: 0.35 is 35 %.", examples=[0.35]
    ),
]
NormalVol = Annotated[
    float,
    Field(
        gt=0,
        le=_LARGEST_PRICE,
        allow_inf_nan=False,
        description="A year's, in price units: 20 is 20 $/bbl.",
        examples=[20.0],
    ),
]
Rate = Annotated[
    float,
    Field(ge=-1, le=10, allow_inf_nan=False, description="A year's, continuous.", examples=[0.04]),
]
Yield = Annotated[
    float | None,
    Field(alias="yield", ge=-10, le=10, allow_inf_nan=False, description="With `spot`: a year's."),
]
Expiry = Annotated[
    float,
    Field(
        gt=0,
        le=100,
        allow_inf_nan=False,
        description="Years to expiry, used exactly as given.",
        examples=[0.25],
    ),
]
Put = Annotated[bool, Field(description="A put; unset: a call.")]


class _OneOption(Asked):
    """Hold what every option has."""

    strike: Strike
    rate: Rate
    expiry: Expiry
    put: Put = False


class Black76Option(_OneOption):
    """Ask for a European option on a future by Black (1976)."""

    model: Literal["black76"]
    forward: Forward
    vol: Vol


class BachelierOption(_OneOption):
    """Ask for a European option by the normal model: prices may be 0 or negative."""

    model: Literal["bachelier"]
    forward: Forward
    vol: NormalVol


class SpreadOption(_OneOption):
    """Ask for a European option on F1 − F2, by Kirk (1995) or by Bjerksund and Stensland (2011)."""

    model: Annotated[
        Literal["kirk", "bjerksund_stensland"], Field(description="bjerksund-stensland, too.")
    ]
    f1: Forward
    f2: Forward
    vol1: Vol
    vol2: Vol
    rho: Annotated[float, Field(ge=-1, le=1, description="Correlation of the two.", examples=[0.8])]

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, given: Any) -> Any:
        if isinstance(given, dict) and "model" in given:
            return given | {"model": _dash_to_underscore(given["model"])}
        return given


class _ForwardOrSpot(_OneOption):
    """Hold the one price given, a future's or a spot price."""

    forward: Forward | None = None
    spot: Spot | None = None
    dividend_yield: Yield = None
    vol: Vol

    @model_validator(mode="after")
    def _has_one_price(self) -> "_ForwardOrSpot":
        one = (self.forward is None) != (self.spot is None)
        require(one, "forward", "give the price as `forward` or as `spot`")
        drifts = self.spot is not None or self.dividend_yield is None
        require(drifts, "yield", "goes with `spot`: a future has no drift")
        return self


class AsianOption(_ForwardOrSpot):
    """Ask for an option on an arithmetic average: Turnbull–Wakeman, or Levy if continuous."""

    model: Literal["asian"]
    fixings: Annotated[
        int | None, Field(ge=1, le=MAX_FIXINGS, description="Evenly spaced, the last at expiry.")
    ] = None
    averaging_from: Annotated[
        float, Field(ge=-100, le=100, allow_inf_nan=False, description="Below 0: it has begun.")
    ] = 0.0
    average_so_far: Annotated[Forward | None, Field(description="Of what is past.")] = None


class AmericanOption(_ForwardOrSpot):
    """Ask for an option that may be exercised early."""

    model: Literal["american"]
    exercise_dates: Annotated[
        int | None,
        Field(ge=1, le=MAX_EXERCISE_DATES, description="Evenly spaced; unset: at any time."),
    ] = None


def _tag(value: Any) -> str:
    model = value.get("model") if isinstance(value, dict) else getattr(value, "model", None)
    return f"{MODEL_TAG_PREFIX}{_dash_to_underscore(model)}"


OptionAsked = Annotated[
    Annotated[Black76Option, Tag("model=black76")]
    | Annotated[BachelierOption, Tag("model=bachelier")]
    | Annotated[SpreadOption, Tag("model=kirk")]
    | Annotated[SpreadOption, Tag("model=bjerksund_stensland")]
    | Annotated[AsianOption, Tag("model=asian")]
    | Annotated[AmericanOption, Tag("model=american")],
    Discriminator(
        _tag,
        custom_error_type=UNKNOWN_MODEL,
        custom_error_message=f"expected one of {', '.join(_NAMES)}",
    ),
]


class ImpliedVolatilityAsked(_OneOption):
    """Ask for the volatility at which an option on a future is worth its price."""

    model: Literal["black76", "bachelier", "american"] = "black76"
    forward: Forward
    price: OptionPrice


class SmileQuote(Asked):
    """Hold one quote of a smile: the volatility of a strike, or the price of an option of it."""

    strike: Strike
    vol: NormalVol | None = None
    price: OptionPrice | None = None
    put: Put = False


class SmileExpiry(Asked):
    """Hold the quotes of one expiry."""

    forward: Forward
    expiry: Expiry
    quotes: Annotated[tuple[SmileQuote, ...], Field(min_length=1, max_length=MAX_QUOTES)]


def _rising(strikes: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(sorted(set(strikes)))


class SmileAsked(Asked):
    """Ask for the smiles of quotes, one an expiry, and for volatilities at `strikes`."""

    model: Annotated[
        Literal["lognormal", "normal"], Field(description="Whose volatilities they are.")
    ] = "lognormal"
    rate: Rate = 0.0
    expiries: Annotated[tuple[SmileExpiry, ...], Field(min_length=1, max_length=MAX_EXPIRIES)]
    strikes: Annotated[
        tuple[Strike, ...],
        Field(max_length=MAX_STRIKES, description="At which volatilities are wanted."),
        AfterValidator(_rising),
    ] = ()
