"""Own answers that are sent only to who does not have them yet."""

from starlette.responses import Response

CACHE_CONTROL = "private, no-cache"
"""Let a caller keep an answer for themselves, and ask each time whether it still holds."""


def conditional_answer(body: bytes, etag: str, if_none_match: str | None) -> Response:
    """Answer with JSON bytes, or with 304 where the caller names their ETag (RFC 9110, 13.1.2)."""
    headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL, "Vary": "Authorization"}
    if is_known(etag, if_none_match):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Tell whether an If-None-Match header names a strong ETag, compared weakly."""
    if if_none_match is None:
        return False
    named = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return etag in named or named == ["*"]
