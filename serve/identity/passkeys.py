"""Own passkeys: what a browser is asked, and what its answer must prove.

A passkey is kept on the device and opened by a finger, a face or a PIN there, which is asked for
and checked each time: so it is two factors in one. No maker's attestation is asked for.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import (
    base64url_to_bytes,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from core.errors import InvalidInput
from storage.identity import challenges
from storage.identity import passkeys as stored
from storage.identity.passkeys import Passkey

if TYPE_CHECKING:
    from storage.identity.users import User
    from storage.pool import WriteConn

CHALLENGE_S = 300
NAME = "Heliostat"
MAX_NAME_CHARS = 60
_REGISTRATION = "passkey-registration"
_AUTHENTICATION = "passkey-authentication"
Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Hold what passkeys are bound to: the origin browsers see, and its host."""

    origin: str

    @property
    def rp_id(self) -> str:
        """Return the host; browsers accept a name only, no number."""
        return urlsplit(self.origin).hostname or ""


async def registration_options(
    conn: "WriteConn", site: Site, user: "User", now: datetime
) -> dict[str, Any]:
    """Return what to ask a browser for a new passkey of a user."""
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name=NAME,
        user_id=user.user_id.bytes,
        user_name=user.email or "",
        user_display_name=user.name,
        timeout=CHALLENGE_S * 1000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            _descriptor(passkey) for passkey in await stored.of_user(conn, user.user_id)
        ],
    )
    await challenges.create(
        conn,
        _text(options.challenge),
        _REGISTRATION,
        now,
        lives_s=CHALLENGE_S,
        user_id=user.user_id,
    )
    return _plain(webauthn.options_to_json(options))


async def register(
    conn: "WriteConn", site: Site, user: "User", answer: Answer, name: str, now: datetime
) -> Passkey:
    """Keep the passkey that a browser made for a user.

    Raises:
        InvalidInput: the answer is to no open question of ours, or proves nothing.
    """
    label = " ".join(name.split())[:MAX_NAME_CHARS] or "Passkey"
    try:
        credential = parse_registration_credential_json(json.dumps(answer))
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception as error:  # whatever strangers' bytes break in the library's parsers
        raise _refused() from error
    asked = await challenges.take(conn, _text(challenge), _REGISTRATION, now)
    if asked is None or asked.user_id != user.user_id:
        raise _refused()
    transports = credential.response.transports or []
    is_new = await stored.add(
        conn,
        user.user_id,
        verified.credential_id,
        verified.credential_public_key,
        now,
        sign_count=verified.sign_count,
        name=label,
        transports=[transport.value for transport in transports],
    )
    passkey = await stored.read(conn, verified.credential_id)
    if not is_new or passkey is None:
        raise _refused()
    return passkey


async def authentication_options(
    conn: "WriteConn", site: Site, now: datetime, user: "User | None" = None
) -> dict[str, Any]:
    """Return what to ask a browser for: any passkey of this site, or one of a user's."""
    known = [] if user is None else await stored.of_user(conn, user.user_id)
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        timeout=CHALLENGE_S * 1000,
        allow_credentials=[_descriptor(passkey) for passkey in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    await challenges.create(
        conn,
        _text(options.challenge),
        _AUTHENTICATION,
        now,
        lives_s=CHALLENGE_S,
        user_id=None if user is None else user.user_id,
    )
    return _plain(webauthn.options_to_json(options))


async def authenticate(
    conn: "WriteConn", site: Site, answer: Answer, now: datetime
) -> Passkey | None:
    """Return the passkey that an answer proves and note its use; None if it proves nothing.

    The question is answered for good, whatever comes of it: so this raises nothing that would
    undo the transaction. A passkey whose count does not grow may have been copied and is refused.
    """
    try:
        credential = parse_authentication_credential_json(json.dumps(answer))
        challenge = parse_client_data_json(credential.response.client_data_json).challenge
    except Exception:  # whatever strangers' bytes break in the library's parsers
        return None
    asked = await challenges.take(conn, _text(challenge), _AUTHENTICATION, now)
    passkey = await stored.read(conn, credential.raw_id)
    if asked is None or passkey is None or asked.user_id not in (None, passkey.user_id):
        return None
    if credential.response.user_handle not in (None, passkey.user_id.bytes):
        return None
    try:
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except Exception:  # whatever strangers' bytes break in the library's parsers
        return None
    is_first = await stored.use(conn, passkey, verified.new_sign_count, now)
    return passkey if is_first else None


def id_from_text(credential_id: str) -> bytes:
    """Return the id of a passkey from how browsers and addresses write it.

    Raises:
        InvalidInput: it is no such text.
    """
    try:
        return base64url_to_bytes(credential_id)
    except ValueError as error:
        raise InvalidInput(field="passkey", reason="expected the id of a passkey") from error


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    known = {transport.value: transport for transport in AuthenticatorTransport}
    transports = [known[name] for name in passkey.transports if name in known]
    return PublicKeyCredentialDescriptor(id=passkey.credential_id, transports=transports)


def _text(challenge: bytes) -> str:
    return urlsafe_b64encode(challenge).decode()


def _plain(options: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(options)
    return made


def _refused() -> InvalidInput:
    return InvalidInput(field="passkey", reason="expected a new passkey made for this page")
