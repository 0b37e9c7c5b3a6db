"""Own the port plan: every port of a stack follows from the one that the user names."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import StackError

MAX_SANDBOXES = 20
_FIRST_REPLICA_OFFSET = 20
_FIRST_SANDBOX_OFFSET = 60
_PORTS_PER_SANDBOX = 2
PORTS_PER_STACK = _FIRST_SANDBOX_OFFSET + MAX_SANDBOXES * _PORTS_PER_SANDBOX


@dataclass(frozen=True, slots=True)
class PortPlan:
    """Give each listener of one stack its port, all within 100 above `api`.

    Ray's workers take ports that the kernel chooses, so two stacks never meet there.
    """

    api: int

    @property
    def ray_dashboard(self) -> int:
        return self.api + 1

    @property
    def ray_gcs(self) -> int:
        return self.api + 2

    @property
    def ray_client(self) -> int:
        return self.api + 3

    @property
    def ray_agent(self) -> int:
        return self.api + 4

    @property
    def ray_metrics(self) -> int:
        return self.api + 5

    @property
    def haproxy_statistics(self) -> int:
        return self.api + 6

    @property
    def haproxy_metrics(self) -> int:
        return self.api + 7

    @property
    def fallback_http(self) -> int:
        return self.api + 8

    @property
    def fallback_grpc(self) -> int:
        return self.api + 9

    @property
    def ray_autoscaler_metrics(self) -> int:
        return self.api + 10

    @property
    def ray_dashboard_metrics(self) -> int:
        return self.api + 11

    @property
    def replicas_http(self) -> tuple[int, int]:
        return self.api + _FIRST_REPLICA_OFFSET, self.api + _FIRST_REPLICA_OFFSET + 19

    @property
    def replicas_grpc(self) -> tuple[int, int]:
        return self.api + _FIRST_REPLICA_OFFSET + 20, self.api + _FIRST_REPLICA_OFFSET + 39

    def sandbox(self, number: int) -> int:
        """Return the port on which the sandbox of this number, from 0, speaks its vendor's wire.

        The port after it is for the sandbox's fault switch, where that cannot share the first.

        Raises:
            StackError: the plan has no room for so many sandboxes.
        """
        if number >= MAX_SANDBOXES:
            raise StackError(
                problem=f"The port plan holds {MAX_SANDBOXES} sandboxes.",
                remedy="Raise MAX_SANDBOXES in cluster/local/ports.py.",
            )
        return self.api + _FIRST_SANDBOX_OFFSET + _PORTS_PER_SANDBOX * number

    def needed_at_start(self) -> tuple[int, ...]:
        """List the ports that must be free before the stack starts, sandboxes apart."""
        return tuple(range(self.api, self.ray_dashboard_metrics + 1))


def taken_ports(ports: Iterable[int]) -> list[int]:
    """List which of these loopback ports another process listens on."""
    taken = []
    for port in ports:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                taken.append(port)
    return taken


def require_free(plan: PortPlan, ports: Iterable[int]) -> None:
    """Check that these ports of the plan are free.

    Raises:
        StackError: at least one is taken; it names them.
    """
    taken = taken_ports(ports)
    if taken:
        names = ", ".join(str(port) for port in taken)
        raise StackError(
            problem=f"Port {names} is taken." if len(taken) == 1 else f"Ports {names} are taken.",
            remedy=f"Start with another base port, for example --port {plan.api + 100}.",
        )
