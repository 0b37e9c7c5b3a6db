"""Own the answer to whether this replica serves."""

from fastapi import APIRouter
from pydantic import BaseModel

from serve.identity.access import open_to_all
from serve.services import ServicesOf

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """Tell that the API answers and which version it is."""

    status: str
    version: str


@router.get("/health", dependencies=[open_to_all()])
async def read_health(services: ServicesOf) -> Health:
    """Tell that the API answers. Needs no key."""
    return Health(status="ok", version=services.config.version)
