"""Own the masking of secrets in whatever is written down: by the name of a value, and by its form.

Forms alone do not suffice, since a code of 32 random bytes looks like an identifier; names alone
do not either, since tokens turn up in addresses and in messages of errors.
"""

import re
from collections.abc import Mapping
from typing import Any

MASK = "…"
"""Be what stands in place of a secret."""

_NAMES = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|secret|secrets|token|tokens|authorization|cookie"
    r"|set_cookie|credential|credentials|api_key|apikey|private_key|seed_phrase|otp|totp"
    r"|recovery_code|code_verifier|device_code|client_secret|assertion)$"
)
_FORMS = re.compile(
    r"""
    hs_(?:live|test)_[A-Za-z0-9_\-]+                              # our API keys
    | whsec_[A-Za-z0-9+/=_\-]+                                    # secrets of webhooks
    | eyJ[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]*)?     # signed tokens
    | (?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]+                      # keys of Stripe
    | xai-[A-Za-z0-9]{8,}                                          # keys of Grok
    | AKIA[0-9A-Z]{16}                                             # keys of AWS
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----.*?(?:-----END\ [A-Z ]*PRIVATE\ KEY-----|$)
    | (?<![A-Za-z0-9_\-])[A-Za-z0-9_\-]{43}(?![A-Za-z0-9_\-])       # 32 random bytes
    """,
    re.VERBOSE | re.DOTALL,
)
_SCHEMES = re.compile(r"(?i)\b(bearer|basic|dpop)(\s+)(?!realm=)[A-Za-z0-9+/=_\-.~]{6,}")
_PASSWORD_OF_ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*://[^\s:/@]*:)[^\s/]+(@)")
_PARAMETER = re.compile(
    r"(?i)([?&#;\s\"']|^)((?:access_|refresh_|id_|csrf_)?token|code|code_verifier|device_code"
    r"|user_code|state|key|api_key|password|client_secret|secret)(=)[^&\s\"'#;]+"
)
_DEEPEST = 12


def masked_text(text: str) -> str:
    """Return a text with every secret in it masked that has one of the known forms."""
    text = _SCHEMES.sub(rf"\1\2{MASK}", text)
    text = _PASSWORD_OF_ADDRESS.sub(rf"\1{MASK}\2", text)
    text = _PARAMETER.sub(rf"\1\2\3{MASK}", text)
    return _FORMS.sub(MASK, text)


def masked(value: Any, name: str = "") -> Any:
    """Return a value without secrets: what is named as one, and what looks like one.

    Mappings, lists and tuples are walked; other objects become their masked `repr`, since whoever
    writes them down would do that.
    """
    return _masked(value, name, 0)


def _masked(value: Any, name: str, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return MASK if _is_secret(name) and not isinstance(value, bool | None) else value
    if depth > _DEEPEST or _is_secret(name):
        return MASK
    match value:
        case str():
            return masked_text(value)
        case bytes():
            return masked_text(value.decode("utf-8", "replace"))
        case Mapping():
            return {
                masked_text(str(key)): _masked(one, str(key), depth + 1)
                for key, one in value.items()
            }
        case list() | tuple() | set() | frozenset():
            return [_masked(one, "", depth + 1) for one in value]
        case _:
            return masked_text(repr(value))


def _is_secret(name: str) -> bool:
    return _NAMES.search(name.lower().replace("-", "_")) is not None
