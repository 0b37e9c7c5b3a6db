"""Own the errors that tell what is wrong with a request: its values, names and versions."""

from core.errors.base import HeliostatError


class InvalidInput(HeliostatError):
    """Raised when a value of the caller breaks a rule; `field` names it."""

    code = "invalid-input"
    status = 422
    sentence = "{field}: {reason}"

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(field=field, reason=reason)


class SettlementFileRejected(HeliostatError):
    """Raised when a settlement file holds a bad cell; `row` counts data rows from 1, 0 = header."""

    code = "settlement-file-rejected"
    status = 422
    sentence = "{file}, row {row}, column {column}: {reason}"

    def __init__(self, *, file: str, row: int, column: str, reason: str) -> None:
        super().__init__(file=file, row=row, column=column, reason=reason)


class NotFound(HeliostatError):
    """Raised when the thing named does not exist for this caller."""

    code = "not-found"
    status = 404
    sentence = "{what} {name} does not exist."

    def __init__(self, *, what: str, name: str) -> None:
        super().__init__(what=what, name=name)


class UnknownProduct(HeliostatError):
    """Raised when a product code is not in the registry."""

    code = "unknown-product"
    status = 404
    sentence = "Product {product} is unknown; known are {known}."

    def __init__(self, *, product: str, known: str) -> None:
        super().__init__(product=product, known=known)


class BookNotFound(HeliostatError):
    """Raised when the organisation keeps no book of the name."""

    code = "book-not-found"
    status = 404
    sentence = "Book {name} does not exist."

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)


class UnknownInstrument(HeliostatError):
    """Raised when a book or a request names a contract that is not listed on its day."""

    code = "unknown-instrument"
    status = 422
    sentence = "{instrument}: {reason}"

    def __init__(self, *, instrument: str, reason: str) -> None:
        super().__init__(instrument=instrument, reason=reason)


class SettlementsChanged(HeliostatError):
    """Raised when an import holds another value for a stored key and revising was not asked."""

    code = "settlements-changed"
    status = 409
    sentence = (
        "{file}, row {row}, column {column}: {new} differs from the stored {stored} "
        "({changed} changed in all); repeat with --revise to keep both vintages."
    )

    def __init__(
        self,
        *,
        file: str,
        row: int,
        new: str,
        stored: str,
        changed: int,
        column: str = "settlement",
    ) -> None:
        super().__init__(file=file, row=row, column=column, new=new, stored=stored, changed=changed)


class BookExists(HeliostatError):
    """Raised when a book is to be made under a name that is taken."""

    code = "book-exists"
    status = 409
    sentence = "Book {name} exists already; replace its positions, or choose another name."

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)


class BookChanged(HeliostatError):
    """Raised when a book is no longer at the version that was to be replaced or removed."""

    code = "book-changed"
    status = 409
    sentence = "Book {name} is at version {version}, not {expected}; read it again, then repeat."

    def __init__(self, *, name: str, version: int, expected: int) -> None:
        super().__init__(name=name, version=version, expected=expected)


class IdempotencyKeyReused(HeliostatError):
    """Raised when an idempotency key returns with another body."""

    code = "idempotency-key-reused"
    status = 422
    sentence = "Idempotency key {key} was used with another request."

    def __init__(self, *, key: str) -> None:
        super().__init__(key=key)


class RequestInProgress(HeliostatError):
    """Raised when the request of an idempotency key is being carried out already."""

    code = "request-in-progress"
    status = 409
    sentence = "The request of idempotency key {key} is being carried out."

    def __init__(self, *, key: str, retry_after_s: int) -> None:
        super().__init__(key=key, retry_after_s=retry_after_s)


class AnswerLost(HeliostatError):
    """Raised when the request of an idempotency key had an effect, and its answer was lost."""

    code = "answer-lost"
    status = 409
    sentence = (
        "The request of idempotency key {key} was carried out, at least in part, and its answer "
        "was lost: see what is there before it is sent under another key."
    )

    def __init__(self, *, key: str) -> None:
        super().__init__(key=key)


class PayloadTooLarge(HeliostatError):
    """Raised when a body is larger than the endpoint takes."""

    code = "payload-too-large"
    status = 413
    sentence = "The body holds more than {limit_bytes} bytes."

    def __init__(self, *, limit_bytes: int) -> None:
        super().__init__(limit_bytes=limit_bytes)


class BodyTooSlow(HeliostatError):
    """Raised when a body comes so slowly that its request is not waited for any longer."""

    code = "body-too-slow"
    status = 408
    sentence = "The body came too slowly."

    def __init__(self) -> None:
        super().__init__()
