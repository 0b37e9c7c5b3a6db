"""Own how a provider is named by its variables."""

from collections.abc import Mapping

from core.errors import InvalidInput
from integrations.oidc.client import OidcConfig
from integrations.oidc.codec import is_private_way

_MAX_LABEL_CHARS = 40
_NEEDED = ("issuer", "client_id", "client_secret")


def config_from(variables: Mapping[str, str]) -> OidcConfig | None:
    """Read `issuer`, `client_id`, `client_secret` and, if given, `label`; None without any.

    Raises:
        InvalidInput: one is missing or unknown, or a value cannot be one.
    """
    if not variables:
        return None
    for name in _NEEDED:
        if name not in variables:
            raise InvalidInput(field=name, reason=f"expected beside {min(variables)}")
    for name in variables:
        if name not in {*_NEEDED, "label"}:
            raise InvalidInput(field=name, reason=f"unknown; known are {', '.join(_NEEDED)}, label")
    if not is_private_way(variables["issuer"]):
        raise InvalidInput(field="issuer", reason="expected an https address")
    label = variables.get("label", "your organisation")
    if len(label) > _MAX_LABEL_CHARS or not label.isprintable():
        raise InvalidInput(field="label", reason=f"expected at most {_MAX_LABEL_CHARS} characters")
    return OidcConfig(
        issuer=variables["issuer"],
        client_id=variables["client_id"],
        client_secret=variables["client_secret"],
        label=label,
    )
