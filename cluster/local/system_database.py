"""Own the way of commands on this machine to a stack's database, as the system role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cluster.local import launch
from cluster.local.addresses import resolve
from cluster.local.credentials import load_or_create
from core.errors import StackError
from storage.pool import PoolConfig, Pools, open_pools


@asynccontextmanager
async def system_database(chosen: launch.ChosenStack) -> AsyncIterator[Pools]:
    """Open the pools of a stack's database.

    Raises:
        StackError: the database is the stack's own, and no stack runs there.
    """
    if not chosen.settings.uses_own_database:
        require_running(chosen)
    secrets = load_or_create(chosen.paths.credentials)
    urls = resolve(chosen.settings, chosen.paths, secrets).database
    pools = await open_pools(urls, PoolConfig(max_size=2))
    try:
        yield pools
    finally:
        await pools.close()


def require_running(chosen: launch.ChosenStack) -> None:
    """Require that the stack runs.

    Raises:
        StackError: it does not.
    """
    if launch.current(chosen) is None:
        raise StackError(
            problem=f"No stack runs in {chosen.paths.data}.",
            remedy="Start it with `heliostat up`, or name another folder with --data.",
        )
