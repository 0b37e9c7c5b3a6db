"""Own what every error of ours carries: a code, a status, a sentence and its context."""

from typing import Any, ClassVar


class HeliostatError(Exception):
    """Carry a stable code, a sentence for people, and the context it was built from."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    sentence: ClassVar[str] = "Something went wrong."

    def __init__(self, **context: Any) -> None:
        self.context = context
        super().__init__(self.sentence.format_map(context))

    @property
    def detail(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.context))


def _rebuild(kind: type[HeliostatError], context: dict[str, Any]) -> HeliostatError:
    return kind(**context)


def all_error_classes(root: type[HeliostatError] = HeliostatError) -> list[type[HeliostatError]]:
    """List every error class below `root`, itself excluded, depth first."""
    found: list[type[HeliostatError]] = []
    for child in root.__subclasses__():
        found.append(child)
        found.extend(all_error_classes(child))
    return found
