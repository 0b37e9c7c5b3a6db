"""Be an authenticator of passkeys without a browser, which may also lie (WebAuthn level 2)."""

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
Answer = dict[str, Any]


def text_of(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Credential:
    """Hold one passkey on the device."""

    key: ec.EllipticCurvePrivateKey
    user_handle: bytes
    count: int = 0


@dataclass
class SoftwareAuthenticator:
    """Make passkeys for an origin and prove them; flags tell what its owner did."""

    origin: str
    rp_id: str
    flags: int = PRESENT | VERIFIED
    credentials: dict[bytes, Credential] = field(default_factory=dict)

    def create(self, options: dict[str, Any], credential_id: bytes | None = None) -> Answer:
        """Answer what `navigator.credentials.create` is asked, perhaps under a known id."""
        credential_id = credential_id or secrets.token_bytes(32)
        key = ec.generate_private_key(ec.SECP256R1())
        handle = bytes_of(options["user"]["id"])
        self.credentials[credential_id] = Credential(key, handle)
        numbers = key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + len(credential_id).to_bytes(2, "big") + credential_id + cose
        data = self._data(self.flags | ATTESTED, 0) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client_data("webauthn.create", options["challenge"])
        return self._answer(
            credential_id,
            {
                "clientDataJSON": text_of(client),
                "attestationObject": text_of(attestation),
                "transports": ["internal"],
            },
        )

    def get(self, options: dict[str, Any], credential_id: bytes | None = None) -> Answer:
        """Answer what `navigator.credentials.get` is asked, with the first passkey there is."""
        credential_id = credential_id or next(iter(self.credentials))
        credential = self.credentials[credential_id]
        credential.count += 1
        data = self._data(self.flags, credential.count)
        client = self._client_data("webauthn.get", options["challenge"])
        signed = data + sha256(client).digest()
        signature = credential.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            credential_id,
            {
                "clientDataJSON": text_of(client),
                "authenticatorData": text_of(data),
                "signature": text_of(signature),
                "userHandle": text_of(credential.user_handle),
            },
        )

    def _data(self, flags: int, count: int) -> bytes:
        return sha256(self.rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _answer(self, credential_id: bytes, response: Answer) -> Answer:
        name = text_of(credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}
