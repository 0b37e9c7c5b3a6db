"""Own where wrapping keys come from: a text, a file that is read anew when it changes, or KMS."""

from dataclasses import dataclass, field
from pathlib import Path

from core.errors import StackError
from storage.vault.kms import KmsKey
from storage.vault.wrapping import LocalKey, WrappingKey, parse_key


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySource:
    """Say where a wrapping key is; one of `text`, `path` and `kms_key` is given.

    A file may hold several keys, one a line in base64: the first wraps, the others only open.
    """

    text: str | None = field(default=None, repr=False)
    path: Path | None = None
    kms_key: str | None = None
    kms_endpoint: str | None = None

    @property
    def holder(self) -> str:
        """Name who holds the key, for people."""
        if self.kms_key is not None:
            return "kms"
        return "environment" if self.path is None else "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultConfig:
    """Say which key wraps, and which others open what they wrapped before; may be pickled."""

    current: KeySource
    previous: tuple[KeySource, ...] = ()


class KeyRing:
    """Hold the wrapping keys of a vault.

    A file is looked at each time, because rotation replaces it while others use it.
    """

    def __init__(self, config: VaultConfig) -> None:
        self._config = config
        self._fixed: dict[KeySource, list[WrappingKey]] = {}
        self._read: dict[Path, tuple[tuple[int, int], list[WrappingKey]]] = {}

    def current(self) -> WrappingKey:
        """Return the key that wraps.

        Raises:
            StackError: its file cannot be read.
            InvalidInput: what was given is no key.
        """
        return self._keys(self._config.current)[0]

    def named(self, name: str) -> WrappingKey | None:
        """Return the key of a name, if it was given."""
        for source in (self._config.current, *self._config.previous):
            for key in self._keys(source):
                if key.name == name:
                    return key
        return None

    def holders(self) -> dict[str, str]:
        """Return who holds each key, by its name."""
        return {
            key.name: source.holder
            for source in (*self._config.previous, self._config.current)
            for key in self._keys(source)
        }

    def _keys(self, source: KeySource) -> list[WrappingKey]:
        if source.path is not None:
            return self._of_file(source.path)
        if source not in self._fixed:
            self._fixed[source] = [_fixed_key(source)]
        return self._fixed[source]

    def _of_file(self, path: Path) -> list[WrappingKey]:
        try:
            found = path.stat()
            mark = (found.st_mtime_ns, found.st_ino)
            known = self._read.get(path)
            if known is not None and known[0] == mark:
                return known[1]
            lines = [line for line in path.read_text().splitlines() if line.strip()]
        except OSError as error:
            raise StackError(
                problem=f"The key-encryption key cannot be read from {path}: {error.strerror}.",
                remedy="Bring the file back from where you keep it; nothing sealed opens without.",
            ) from None
        keys: list[WrappingKey] = [LocalKey(parse_key(line, str(path))) for line in lines or [""]]
        self._read[path] = (mark, keys)
        return keys


def _fixed_key(source: KeySource) -> WrappingKey:
    if source.kms_key is not None:
        return KmsKey(source.kms_key, source.kms_endpoint)
    return LocalKey(parse_key(source.text or "", "HELIOSTAT_KEY_ENCRYPTION_KEY"))
