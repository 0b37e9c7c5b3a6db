"""Own where the gateway is found and how long to wait for what."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import InvalidInput
from integrations.ice.session import SessionRules
from integrations.venue import SandboxAddress

SANDBOX_TARGET = "ICEMD"
MAX_HEARTBEAT_S = 14
_MAX_PORT = 65_535
_REQUIRED = ("host", "port", "sender_comp_id", "target_comp_id", "password")
_FLAGS = {"": True, "true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class IceConfig:
    """Name the gateway, both ends of the session, the password, and how long to wait for what.

    After `heartbeat_s` + `grace_s` of silence the gateway is tested; after another `grace_s` the
    session has ended. Instruments that lost messages are asked for at most every `refresh_s`.
    """

    host: str
    port: int
    sender_comp_id: str
    target_comp_id: str
    password: str = field(repr=False)
    tls: bool = True
    heartbeat_s: int = 5
    grace_s: float = 2.0
    open_timeout_s: float = 10.0
    logon_timeout_s: float = 10.0
    subscribe_timeout_s: float = 10.0
    resend_timeout_s: float = 5.0
    write_timeout_s: float = 10.0
    close_timeout_s: float = 1.0
    refresh_s: float = 5.0

    def __post_init__(self) -> None:
        if not 1 <= self.port <= _MAX_PORT:
            raise InvalidInput(field="port", reason=f"expected 1 to 65535, was {self.port}")
        if not 1 <= self.heartbeat_s <= MAX_HEARTBEAT_S:
            reason = f"expected 1 to {MAX_HEARTBEAT_S} s, was {self.heartbeat_s}"
            raise InvalidInput(field="heartbeat_s", reason=reason)
        for name in ("sender_comp_id", "target_comp_id", "password"):
            text = getattr(self, name)
            if not (text and text.isascii() and text.isprintable()):
                raise InvalidInput(field=name, reason="expected printable ASCII characters")

    @property
    def rules(self) -> SessionRules:
        return SessionRules(
            heartbeat_s=self.heartbeat_s,
            grace_s=self.grace_s,
            logon_timeout_s=self.logon_timeout_s,
            resend_timeout_s=self.resend_timeout_s,
        )


def config_from(variables: Mapping[str, str]) -> IceConfig | None:
    """Read host, port, both company ids and the password; optionally `tls` and `heartbeat_s`.

    None where none of the five is given.

    Raises:
        InvalidInput: one of the five is missing, or a value has another form.
    """
    given = {name: variables.get(name, "") for name in _REQUIRED}
    if not any(given.values()):
        return None
    for name, text in given.items():
        if not text:
            raise InvalidInput(field=name, reason=f"expected beside {_others(given)}")
    tls = _FLAGS.get(variables.get("tls", "").lower())
    if tls is None:
        raise InvalidInput(field="tls", reason="expected true or false")
    return IceConfig(
        host=given["host"],
        port=_number("port", given["port"]),
        sender_comp_id=given["sender_comp_id"],
        target_comp_id=given["target_comp_id"],
        password=given["password"],
        tls=tls,
        heartbeat_s=_number("heartbeat_s", variables.get("heartbeat_s") or "5"),
    )


def sandbox_config(address: SandboxAddress) -> IceConfig:
    """Name a local sandbox."""
    return IceConfig(
        host=address.host,
        port=address.port,
        sender_comp_id=address.user,
        target_comp_id=SANDBOX_TARGET,
        password=address.password,
        tls=False,
    )


def _others(given: Mapping[str, str]) -> str:
    return ", ".join(name for name, text in given.items() if text)


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5):
        raise InvalidInput(field=name, reason=f"expected a whole number, was {text!r}")
    return int(text)
