"""Check how a provider is named, and that half of it or a typing error is told."""

import pytest

from core.errors import InvalidInput
from integrations.oidc.config import config_from

GIVEN = {"issuer": "https://id.example", "client_id": "c", "client_secret": "s"}


def test_without_variables_there_is_no_provider() -> None:
    assert config_from({}) is None


def test_a_provider_is_named_whole() -> None:
    config = config_from({**GIVEN, "label": "Acme"})
    assert config is not None
    assert (config.issuer, config.client_id, config.client_secret, config.label) == (
        "https://id.example",
        "c",
        "s",
        "Acme",
    )
    assert "'s'" not in repr(config)


@pytest.mark.parametrize("missing", GIVEN)
def test_half_of_it_is_told(missing: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        config_from({name: value for name, value in GIVEN.items() if name != missing})
    assert refused.value.context["field"] == missing


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("issuer", "http://id.example"),
        ("issuer", "id.example"),
        ("label", "x" * 41),
        ("label", "a\nb"),
        ("clientid", "c"),
    ],
)
def test_a_bad_value_is_told(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        config_from({**GIVEN, name: value})
    assert refused.value.context["field"] == name
