"""Own what is published of the authorization server: where it is asked, and its public keys."""

from typing import Any

from fastapi import APIRouter, Response

from core.clock import utc_from_ns
from core.identity import Permission
from serve.identity.access import open_to_all
from serve.identity.grants import clients
from serve.services import ServicesOf

router = APIRouter(tags=["oauth"])
KEYS_MAX_AGE_S = 300


@router.get("/.well-known/oauth-authorization-server", dependencies=[open_to_all()])
async def read_metadata(services: ServicesOf) -> dict[str, Any]:
    """Tell where the authorization server is asked for what (RFC 8414)."""
    issuer = services.config.origin
    ways = ["none", "client_secret_basic", "client_secret_post"]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "revocation_endpoint": f"{issuer}/oauth/revoke",
        "introspection_endpoint": f"{issuer}/oauth/introspect",
        "device_authorization_endpoint": f"{issuer}/oauth/device_authorization",
        "jwks_uri": f"{issuer}/oauth/jwks",
        "scopes_supported": [permission.value for permission in Permission],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            clients.CODE,
            clients.REFRESH,
            clients.MACHINE,
            clients.DEVICE,
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ways,
        "revocation_endpoint_auth_methods_supported": ways,
        "introspection_endpoint_auth_methods_supported": ways[1:],
        "authorization_response_iss_parameter_supported": True,
    }


@router.get("/oauth/jwks", dependencies=[open_to_all()])
async def read_keys(services: ServicesOf, response: Response) -> dict[str, Any]:
    """List the public keys that access tokens are signed with, the next one too."""
    response.headers["Cache-Control"] = f"public, max-age={KEYS_MAX_AGE_S}"
    return {"keys": await services.keyring.published(utc_from_ns(services.clock.now_ns()))}
