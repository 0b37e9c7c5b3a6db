"""Own the check that a webhook's message came from us: no clock, no connection."""

import base64
import hmac
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from heliostat.errors import WebhookNotGenuine
from heliostat.sse import json_object

_PREFIX = "whsec_"
_TOLERANCE_S = 300.0


def verify_webhook(
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    tolerance_s: float = _TOLERANCE_S,
) -> dict[str, Any]:
    """Return the message of a webhook: its `type`, `timestamp` and `data`.

    `headers` may be named in any case; `body` are the bytes as received. A message may arrive
    twice under one `webhook-id`.

    Raises:
        WebhookNotGenuine: the signature is not of this secret, or its time is not about `now`.
    """
    named = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = named.get("webhook-id", ""), named.get("webhook-timestamp", "")
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.new(key, signed, sha256).digest())
    given = named.get("webhook-signature", "").encode().split(b" ")
    if not any(hmac.compare_digest(expected, one) for one in given):
        message = "The signature is not of this secret."
        raise WebhookNotGenuine(message)
    if abs(now.timestamp() - float(timestamp)) > tolerance_s:
        message = "The message was signed at another time."
        raise WebhookNotGenuine(message)
    return json_object(body)
