"""Check what configures the vendor's client, and which variables its process needs."""

from dataclasses import replace

import pytest

from core.errors import InvalidInput
from integrations.ibm.config import (
    SANDBOX_INSTANCE,
    IbmConfig,
    config_from,
    environment,
    sandbox_config,
)
from integrations.venue import SandboxAddress

GIVEN = {"token": "k", "instance": SANDBOX_INSTANCE}


def test_the_vendors_own_addresses_need_no_variables() -> None:
    config = config_from(GIVEN)
    assert config == IbmConfig(token="k", instance=SANDBOX_INSTANCE)
    assert config is not None
    assert environment(config) == {"USAGE_DATA_OPT_OUT": "True"}
    assert "'k'" not in repr(config)
    assert config_from({}) is None


def test_other_addresses_go_into_the_environment_of_the_process() -> None:
    config = config_from({**GIVEN, "iam_url": "https://iam.example", "api_url": "http://q/api"})
    assert config is not None
    assert config.api_url == "http://q/api"
    assert environment(config) == {"IAM_URL": "https://iam.example", "USAGE_DATA_OPT_OUT": "True"}


@pytest.mark.parametrize(
    ("variables", "field"),
    [
        ({"token": "k"}, "instance"),
        ({"instance": SANDBOX_INSTANCE}, "token"),
        ({"token": "k", "instance": "my instance"}, "instance"),
        ({**GIVEN, "iam_url": "iam.example"}, "iam_url"),
        ({**GIVEN, "api_url": "ftp://x"}, "api_url"),
    ],
)
def test_half_or_wrong_variables_are_named(variables: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        config_from(variables)
    assert caught.value.context["field"] == field


def test_a_sandbox_is_found_at_its_one_address() -> None:
    address = SandboxAddress(host="127.0.0.1", port=8768, user="u", password="p")
    config = sandbox_config(address)
    assert config.api_url == "http://127.0.0.1:8768/api/v1"
    assert environment(config) == {
        "IAM_URL": "http://127.0.0.1:8768",
        "GLOBAL_SEARCH_URL": "http://127.0.0.1:8768",
        "GLOBAL_CATALOG_URL": "http://127.0.0.1:8768/catalog/api/v1",
        "USAGE_DATA_OPT_OUT": "True",
    }
    assert environment(replace(config, token="other")) == environment(config)
