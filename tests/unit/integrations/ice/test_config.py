"""Hold what the settings must name, and that secrets are not shown."""

import pytest

from core.errors import InvalidInput
from integrations.ice.config import IceConfig, config_from, sandbox_config
from integrations.venue import SandboxAddress

GIVEN = {
    "host": "gateway.example",
    "port": "9823",
    "sender_comp_id": "US",
    "target_comp_id": "THEM",
    "password": "secret",
}


def test_the_five_settings_make_a_configuration_over_tls() -> None:
    config = config_from(GIVEN)
    assert config is not None
    assert (config.host, config.port, config.tls, config.heartbeat_s) == (
        "gateway.example",
        9823,
        True,
        5,
    )
    assert "secret" not in repr(config)


def test_nothing_given_is_no_configuration() -> None:
    assert config_from({}) is None
    assert config_from({"tls": "false", "host": ""}) is None


@pytest.mark.parametrize("missing", sorted(GIVEN))
def test_halves_are_refused(missing: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        config_from({name: text for name, text in GIVEN.items() if name != missing})
    assert caught.value.context["field"] == missing


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("port", "0"),
        ("port", "70000"),
        ("port", "x"),
        ("tls", "perhaps"),
        ("heartbeat_s", "15"),
        ("heartbeat_s", "0"),
        ("password", "a\x01b"),
        ("sender_comp_id", "naïve"),
    ],
)
def test_other_forms_are_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        config_from({**GIVEN, name: text})
    assert caught.value.context["field"] == name


def test_tls_can_be_switched_off_and_the_heartbeat_set() -> None:
    config = config_from({**GIVEN, "tls": "FALSE", "heartbeat_s": "14"})
    assert config is not None
    assert (config.tls, config.heartbeat_s) == (False, 14)


def test_the_sandbox_is_on_this_machine_and_needs_no_tls() -> None:
    address = SandboxAddress(host="127.0.0.1", port=4711, user="me", password="x")
    config = sandbox_config(address)
    assert isinstance(config, IceConfig)
    assert (config.host, config.port, config.sender_comp_id, config.tls) == (
        "127.0.0.1",
        4711,
        "me",
        False,
    )
