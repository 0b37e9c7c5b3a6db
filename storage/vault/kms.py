"""Own the wrapping of data keys by AWS KMS: the key never leaves it. Boto3 is imported if used."""

import asyncio
from typing import Any
from uuid import UUID

from core.errors import SourceUnavailable, VaultSealBroken
from storage.vault.wrapping import name_of

_ARN_REGION = 3
_BROKEN = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_TIMEOUT_S = 10


class KmsKey:
    """Wrap by a key of KMS, each data key in a context that names it.

    `endpoint` None is the region's own. The region is that of the key's ARN, else the one that
    the environment names; so are the credentials.
    """

    def __init__(self, key: str, endpoint: str | None) -> None:
        self._key = key
        self._endpoint = endpoint
        self._name = name_of("kms", key.encode())
        self._client: Any = None

    @property
    def name(self) -> str:
        return self._name

    async def wrap(self, data_key: bytes, key_id: UUID) -> bytes:
        answer = await self._call("encrypt", Plaintext=data_key, EncryptionContext=_context(key_id))
        return bytes(answer["CiphertextBlob"])

    async def unwrap(self, wrapped: bytes, key_id: UUID) -> bytes:
        answer = await self._call(
            "decrypt", CiphertextBlob=wrapped, EncryptionContext=_context(key_id)
        )
        return bytes(answer["Plaintext"])

    async def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        return await asyncio.to_thread(self._call_now, operation, arguments)

    def _call_now(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            # A race makes two clients and keeps one, which is harmless.
            self._client = self._client or self._connect()
            answer: dict[str, Any] = getattr(self._client, operation)(KeyId=self._key, **arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            if code in _BROKEN:
                raise VaultSealBroken from None
            raise SourceUnavailable(source="KMS", reason=f"{operation}: {code}") from None
        except (BotoCoreError, OSError) as error:
            reason = f"{operation}: {type(error).__name__}"
            raise SourceUnavailable(source="KMS", reason=reason) from None
        return answer

    def _connect(self) -> Any:
        import boto3
        from botocore.config import Config

        parts = self._key.split(":")
        region = parts[_ARN_REGION] if self._key.startswith("arn:") else None
        config = Config(
            connect_timeout=_TIMEOUT_S,
            read_timeout=_TIMEOUT_S,
            retries={"mode": "standard", "max_attempts": 3},
        )
        return boto3.session.Session().client(
            "kms", region_name=region, endpoint_url=self._endpoint, config=config
        )


def _context(key_id: UUID) -> dict[str, str]:
    return {"heliostat:data_key": str(key_id)}
