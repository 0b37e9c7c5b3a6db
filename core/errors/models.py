"""Own the errors that tell what models and estimates cannot say."""

from core.errors.base import HeliostatError


class CurveNotFound(HeliostatError):
    """Raised when no settlement of the product exists at or before the date."""

    code = "curve-not-found"
    status = 404
    sentence = "No curve of {product} from {source} at or before {as_of}."

    def __init__(self, *, product: str, source: str, as_of: str) -> None:
        super().__init__(product=product, source=source, as_of=as_of)


class ForecastNotFound(HeliostatError):
    """Raised when no forecast of the product was made of settlements of the date or before."""

    code = "forecast-not-found"
    status = 404
    sentence = "No forecast of {product} from {source} as of {as_of} or before."

    def __init__(self, *, product: str, source: str, as_of: str) -> None:
        super().__init__(product=product, source=source, as_of=as_of)


class ModelNotApplicable(HeliostatError):
    """Raised when a model cannot take its input; `reason` says what to use instead.

    `field` names the input where it is one alone.
    """

    code = "model-not-applicable"
    status = 422
    sentence = "{model}: {reason}"

    def __init__(self, *, model: str, reason: str, field: str | None = None) -> None:
        named = {} if field is None else {"field": field}
        super().__init__(model=model, reason=reason, **named)


class HistoryTooShort(HeliostatError):
    """Raised when an estimate needs more observations than there are."""

    code = "history-too-short"
    status = 422
    sentence = "{subject} needs {needed} observations; there are {found}."

    def __init__(self, *, subject: str, needed: int, found: int) -> None:
        super().__init__(subject=subject, needed=needed, found=found)


class ModelNotReady(HeliostatError):
    """Raised when a product's model has nothing to say yet; `reason` tells what it waits for."""

    code = "model-not-ready"
    status = 409
    sentence = "The model of {product} has no forecast yet: {reason}."

    def __init__(self, *, product: str, reason: str) -> None:
        super().__init__(product=product, reason=reason.removesuffix("."))
