"""Own what all that is asked shares: it is frozen, closed, and refused by name."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from core.backends import Backend
from core.errors import InvalidInput
from core.products import PRODUCTS

MAX_SEED = 2**63 - 1


def require(condition: bool, field: str, reason: str) -> None:
    """Refuse a value by name.

    Raises:
        InvalidInput: the condition does not hold.
    """
    if not condition:
        raise InvalidInput(field=field, reason=reason)


def _backend(text: str) -> str:
    return str(Backend.parse(text))


def _known(code: str) -> str:
    require(code in PRODUCTS, "products", f"product {code!r} is unknown")
    return code


Seed = Annotated[int, Field(ge=0, le=MAX_SEED, description="The same seed, the same answer.")]
Shots = Annotated[int, Field(ge=1, le=10_000_000, description="How many samples to draw.")]
Depth = Annotated[int, Field(ge=1, le=12, description="QAOA layers p.")]
Starts = Annotated[int, Field(ge=1, le=64, description="From how many angles training starts.")]
BackendName = Annotated[
    str,
    AfterValidator(_backend),
    Field(
        max_length=80,
        description="auto, subspace, aer, aer:fake_<device> with its noise, or ibm:<device>.",
        examples=["auto"],
    ),
]
ProductCode = Annotated[str, AfterValidator(_known)]


class Asked(BaseModel):
    """Hold what is asked of one run; frozen, and no field is unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def checked(cls, values: dict[str, Any]) -> Self:
        """Build from JSON-ready values.

        Raises:
            InvalidInput: a value breaks a rule; names its field.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(str(part) for part in first["loc"]) or "specification"
            raise InvalidInput(field=field, reason=first["msg"]) from None

    def to_json(self) -> dict[str, Any]:
        """Return the specification as JSON-ready values."""
        return self.model_dump(mode="json")
