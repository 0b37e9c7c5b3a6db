"""Show which doors of a stack are open, and to whom."""

import contextlib
import json
from ipaddress import ip_address

import httpx
import psutil
import pytest

from cluster.local.ports import PortPlan
from cluster.local.reaper import stack_processes
from tests.html_forms import Visitor
from tests.on_ray.conftest import Stack

pytestmark = pytest.mark.ray


def listeners(stack: Stack) -> set[tuple[str, str, int]]:
    """Return (program, address, port) of every TCP socket the stack listens on."""
    found = set()
    for process in stack_processes(stack.chosen.paths.stack_id):
        # an idle worker of Ray may end while it is looked at, and then listens no more
        with contextlib.suppress(psutil.NoSuchProcess):
            for socket in process.net_connections(kind="tcp"):
                if socket.status == psutil.CONN_LISTEN:
                    found.add((" ".join(process.cmdline()), socket.laddr.ip, socket.laddr.port))
    return found


def is_loopback(address: str) -> bool:
    parsed = ip_address(address)
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def test_our_own_servers_listen_on_loopback_only(stack: Stack, ports: PortPlan) -> None:
    found = listeners(stack)
    ours = {
        ports.api,
        ports.haproxy_statistics,
        ports.haproxy_metrics,
        ports.fallback_http,
        ports.sandbox(0),
        ports.ray_dashboard,
    }
    replicas = range(ports.replicas_http[0], ports.replicas_grpc[1] + 1)
    assert {port for _, _, port in found} >= ours
    exposed = [
        entry for entry in found if entry[2] in {*ours, *replicas} and not is_loopback(entry[1])
    ]
    assert exposed == []
    programs = ("haproxy", "postgres", "valkey", "integrations.", "cluster.")
    wide = [
        entry
        for entry in found
        if not is_loopback(entry[1]) and any(name in entry[0] for name in programs)
    ]
    assert wide == []


def test_postgres_and_valkey_have_no_network_door(stack: Stack) -> None:
    assert not [entry for entry in listeners(stack) if "postgres" in entry[0].split(" ")[0]]
    assert not [entry for entry in listeners(stack) if "valkey" in entry[0].split(" ")[0]]


@pytest.mark.parametrize("token", [None, "0" * 64], ids=["no token", "wrong token"])
def test_a_job_without_the_token_is_refused(
    stack: Stack, ports: PortPlan, token: str | None
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    address = f"http://127.0.0.1:{ports.ray_dashboard}/api/jobs/"
    answer = httpx.post(address, json={"entrypoint": "id"}, headers=headers, timeout=30)
    assert answer.status_code in {401, 403}


def test_a_job_with_the_token_is_taken(stack: Stack, ports: PortPlan) -> None:
    headers = {"Authorization": f"Bearer {stack.chosen.paths.ray_token.read_text()}"}
    address = f"http://127.0.0.1:{ports.ray_dashboard}/api/jobs/"
    answer = httpx.post(address, json={"entrypoint": "true"}, headers=headers, timeout=60)
    assert answer.status_code == 200


def test_secrets_are_readable_by_their_owner_only(stack: Stack) -> None:
    paths = stack.chosen.paths
    for path in (paths.credentials, paths.client, paths.ray_token):
        assert path.stat().st_mode & 0o077 == 0
    assert paths.data.stat().st_mode & 0o077 == 0


def test_every_route_but_health_wants_the_key(stack: Stack) -> None:
    base = f"http://127.0.0.1:{stack.port}"
    assert httpx.get(f"{base}/v1/health").status_code == 200
    for path in ("/v1/products", "/v1/products/CL/curve", "/v1/runs", "/v1/streams/quotes"):
        answer = httpx.get(base + path)
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
    assert httpx.get(base).text.startswith("<!doctype html>")


async def test_where_a_request_comes_from_is_told_by_haproxy_and_not_by_its_caller(
    stack: Stack, ports: PortPlan
) -> None:
    """Loopback has many addresses: 127.0.0.2 is a caller whom nobody trusts to speak for others."""
    invited = stack.run("members", "invite", "far@example.com", "--role", "read-only", "--json")
    token = json.loads(invited.stdout)["link"].partition("#")[2]
    async with httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(local_address="127.0.0.2"),
        base_url=f"http://localhost:{ports.api}",
        headers={"X-Forwarded-For": "203.0.113.9"},
    ) as caller:
        browser = Visitor(caller)
        await browser.open("/invitations")
        await browser.submit("/invitations", token=token)
        await browser.submit("/invitations/accept")
        await browser.submit(
            "/sign-in/link/password", name="Far", password="seven mirrors turn at noon"
        )
        assert browser.path == "/account", browser.text
    assert "127.0.0.2, since" in browser.text
    assert "203.0.113.9" not in browser.text


@pytest.mark.parametrize("given", ["mine-1234", "with spaces in it", None])
def test_an_answer_has_one_name_and_a_good_one(ports: PortPlan, given: str | None) -> None:
    headers = {} if given is None else {"X-Request-Id": given}
    answer = httpx.get(f"http://127.0.0.1:{ports.api}/v1/health", headers=headers, timeout=30)
    names = answer.headers.get_list("x-request-id")
    assert len(names) == 1
    assert (names[0] == given) is (given == "mine-1234")
    assert " " not in names[0]
