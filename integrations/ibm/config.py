"""Own where IBM Quantum is found, and how its jobs are submitted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import InvalidInput
from integrations.venue import SandboxAddress

API_PATH = "/api/v1"
CATALOG_PATH = "/catalog/api/v1"
SANDBOX_INSTANCE = (
    "crn:v1:bluemix:public:quantum-computing:us-east:a/sandbox:"
    "00000000-0000-4000-8000-000000000001::"
)
"""Name the sandbox's one instance as the vendor does: service, region, account and id."""

_CRN = re.compile(r"crn:[^:\s]*(:[^:\s]*){8}")
_URL = re.compile(r"https?://[^\s/]+(/\S*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class IbmConfig:
    """Name the instance, the key and, where they are not the vendor's own, the addresses.

    The vendor's package takes the last three addresses from its process's environment alone, as
    `environment` gives them. An answer must be whole within `answer_within_s`, that to a
    submission within `submit_within_s`, since large circuits take long to send. Circuits are
    transpiled at `optimization_level` (0 to 3), expectations mitigated at `resilience_level`
    (0 to 2); a batch of jobs stays open for `batch_s` at most.
    """

    token: str = field(repr=False)
    instance: str
    api_url: str | None = None
    iam_url: str | None = None
    search_url: str | None = None
    catalog_url: str | None = None
    answer_within_s: float = 60.0
    submit_within_s: float = 900.0
    optimization_level: int = 2
    resilience_level: int = 1
    batch_s: int = 3600


def config_from(variables: Mapping[str, str]) -> IbmConfig | None:
    """Read `token` and `instance`, and addresses other than the vendor's; None without both.

    Raises:
        InvalidInput: one of the two is missing, or a value cannot be one.
    """
    token, instance = variables.get("token"), variables.get("instance")
    if not token and not instance:
        return None
    if not token:
        raise InvalidInput(field="token", reason="expected beside instance")
    if not instance:
        raise InvalidInput(field="instance", reason="expected beside token")
    if _CRN.fullmatch(instance) is None:
        raise InvalidInput(
            field="instance", reason="expected the resource name of one, crn:v1:bluemix:public:..."
        )
    for name in ("api_url", "iam_url", "search_url", "catalog_url"):
        if _URL.fullmatch(variables.get(name, "https://unset")) is None:
            raise InvalidInput(field=name, reason="expected an address, http(s)://...")
    return IbmConfig(
        token=token,
        instance=instance,
        api_url=variables.get("api_url"),
        iam_url=variables.get("iam_url"),
        search_url=variables.get("search_url"),
        catalog_url=variables.get("catalog_url"),
    )


def sandbox_config(address: SandboxAddress) -> IbmConfig:
    """Name the addresses of a local sandbox."""
    base = f"http://{address.host}:{address.port}"
    return IbmConfig(
        token=address.password,
        instance=SANDBOX_INSTANCE,
        api_url=base + API_PATH,
        iam_url=base,
        search_url=base,
        catalog_url=base + CATALOG_PATH,
    )


def environment(config: IbmConfig) -> dict[str, str]:
    """Return the variables that the process of the vendor's package must have.

    It takes these addresses from nowhere else. Its reports of usage walk the stack on every call,
    so they are left out.
    """
    given = {
        "IAM_URL": config.iam_url,
        "GLOBAL_SEARCH_URL": config.search_url,
        "GLOBAL_CATALOG_URL": config.catalog_url,
    }
    wanted = {name: value for name, value in given.items() if value is not None}
    return {**wanted, "USAGE_DATA_OPT_OUT": "True"}
