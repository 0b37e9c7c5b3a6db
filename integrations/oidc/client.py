"""Own the calls to an OpenID Connect provider: its description, its keys, and codes for tokens."""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

import httpx
from joserfc.jwk import KeySet

from core.errors import BadFrame, SourceUnavailable
from integrations.oidc.codec import (
    DISCOVERY_PATH,
    VENUE,
    Expected,
    Identity,
    Provider,
    authorization_url,
    challenge_of,
    decode_discovery,
    decode_id_token,
    decode_keys,
    decode_refusal,
    decode_token_answer,
    is_private_way,
    key_id,
)

_KEPT = timedelta(hours=1)
_PATIENCE_FOR_NEW_KEYS = timedelta(seconds=10)
"""Ask at most this often for a key that is not known, or strangers would make us ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcConfig:
    """Name the provider, what it knows us as, and how long to wait for it.

    `label` is what people read on the button. Proxies named in the environment are used only if
    `trust_environment`.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    label: str
    connect_timeout_s: float = 5.0
    answer_within_s: float = 10.0
    max_answer_bytes: int = 256 * 1024
    trust_environment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Hold what one sign-in at the provider is recognised and redeemed by."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str


class OidcClient:
    """Talk to the provider, or to its sandbox, which only the issuer tells apart.

    Description and keys are kept for an hour. Close it when done.
    """

    def __init__(self, config: OidcConfig) -> None:
        # That library writes the address of every call to its log, and codes with it.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._config = config
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(config.answer_within_s, connect=config.connect_timeout_s),
            trust_env=config.trust_environment,
            follow_redirects=False,
        )
        self._provider: Provider | None = None
        self._provider_until: datetime | None = None
        self._keys: KeySet | None = None
        self._keys_at: datetime | None = None

    @property
    def label(self) -> str:
        return self._config.label

    async def close(self) -> None:
        """Close the pooled connections."""
        await self._http.aclose()

    async def sign_in_url(self, attempt: Attempt, now: datetime) -> str:
        """Return where to send a browser that wants to sign in at the provider.

        Raises:
            SourceUnavailable: the provider does not answer.
            BadFrame: it describes itself wrongly.
        """
        return authorization_url(
            await self._described(now),
            client_id=self._config.client_id,
            redirect_uri=attempt.redirect_uri,
            state=attempt.state,
            nonce=attempt.nonce,
            challenge=challenge_of(attempt.verifier),
        )

    async def redeem(self, code: str, attempt: Attempt, now: datetime) -> Identity:
        """Give back the code that a browser brought, and return who signed in.

        Raises:
            SourceUnavailable: the provider does not answer, or refuses the code.
            BadFrame: what it says cannot be trusted.
        """
        provider = await self._described(now)
        token = decode_token_answer(await self._exchange(provider, code, attempt))
        keys = await self._keys_for(provider, key_id(token), now)
        expected = Expected(
            issuer=self._config.issuer,
            client_id=self._config.client_id,
            nonce=attempt.nonce,
            now=now,
        )
        return decode_id_token(token, keys, expected)

    async def _described(self, now: datetime) -> Provider:
        if self._provider is None or self._provider_until is None or now >= self._provider_until:
            if not is_private_way(self._config.issuer):
                raise BadFrame(venue=VENUE, reason="its issuer is no https address")
            address = self._config.issuer.rstrip("/") + DISCOVERY_PATH
            self._provider = decode_discovery(
                await self._whole("GET", address), self._config.issuer
            )
            self._provider_until = now + _KEPT
        return self._provider

    async def _keys_for(self, provider: Provider, named: str | None, now: datetime) -> KeySet:
        if self._keys is not None and self._keys_at is not None:
            age = now - self._keys_at
            is_known = named is None or any(key.kid == named for key in self._keys.keys)
            if age < (_KEPT if is_known else _PATIENCE_FOR_NEW_KEYS):
                return self._keys
        self._keys = decode_keys(await self._whole("GET", provider.jwks_uri))
        self._keys_at = now
        return self._keys

    async def _exchange(self, provider: Provider, code: str, attempt: Attempt) -> bytes:
        config = self._config
        return await self._whole(
            "POST",
            provider.token_endpoint,
            form={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": attempt.redirect_uri,
                "code_verifier": attempt.verifier,
            },
            # The names are encoded as in a form before they are joined: RFC 6749, 2.3.1.
            auth=httpx.BasicAuth(
                quote(config.client_id, safe=""), quote(config.client_secret, safe="")
            ),
        )

    async def _whole(
        self,
        method: str,
        address: str,
        form: dict[str, str] | None = None,
        auth: httpx.BasicAuth | None = None,
    ) -> bytes:
        headers = {"Accept": "application/json"}
        try:
            # Time-outs of the library start anew with every byte that drips in.
            async with (
                asyncio.timeout(self._config.answer_within_s),
                self._http.stream(method, address, data=form, headers=headers, auth=auth) as answer,
            ):
                content = await self._read(answer)
        except TimeoutError as error:
            reason = f"no whole answer within {self._config.answer_within_s:g} s"
            raise _unavailable(reason) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unavailable(type(error).__name__) from error
        if answer.status_code != 200:
            reason = f"{answer.status_code} {decode_refusal(content)}".rstrip()
            raise _unavailable(reason)
        return content

    async def _read(self, answer: httpx.Response) -> bytes:
        content = bytearray()
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > self._config.max_answer_bytes:
                reason = f"an answer of more than {self._config.max_answer_bytes} bytes"
                raise _unavailable(reason)
        return bytes(content)


def _unavailable(reason: str) -> SourceUnavailable:
    return SourceUnavailable(source=VENUE, reason=reason)
