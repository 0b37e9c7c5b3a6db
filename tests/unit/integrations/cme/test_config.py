import pickle

import pytest

from core.errors import InvalidInput, NotFound
from integrations.cme.config import CmeConfig, config_from
from integrations.registry import VENUES, venue
from integrations.venue import SandboxAddress

CREDENTIALS = {"api_id": "id", "password": "secret"}


def test_without_credentials_there_is_no_configuration() -> None:
    assert config_from({}) is None
    assert config_from({"api_id": "", "password": "", "stream_url": "wss://x"}) is None


@pytest.mark.parametrize("missing", CREDENTIALS)
def test_half_a_pair_of_credentials_is_refused(missing: str) -> None:
    given = {name: value for name, value in CREDENTIALS.items() if name != missing}
    with pytest.raises(InvalidInput) as refused:
        config_from(given)
    assert refused.value.context["field"] == missing


def test_production_is_meant_where_no_address_is_given() -> None:
    config = config_from(CREDENTIALS)
    assert config is not None
    assert config.auth_url == "https://auth.cmegroup.com/as/token.oauth2"
    assert config.stream_url == "wss://markets.api.cmegroup.com/marketdatastream/v1"
    assert config.refdata_url == "https://refdata.api.cmegroup.com/refdata/v3"
    other = config_from({**CREDENTIALS, "stream_url": "wss://test.invalid/v1"})
    assert other is not None
    assert other.stream_url == "wss://test.invalid/v1"
    assert other.auth_url == config.auth_url


def test_the_password_stays_out_of_sight() -> None:
    config = CmeConfig(**CREDENTIALS)
    assert "secret" not in repr(config)
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own bytes


def test_the_registered_venue_points_at_its_sandbox() -> None:
    spec = venue("cme")
    assert spec is VENUES["cme"]
    address = SandboxAddress(host="127.0.0.1", port=8711, user="sandbox", password="secret")
    config = spec.sandbox_config(address)
    assert config.stream_url == "ws://127.0.0.1:8711/marketdatastream/v1"
    assert not config.trust_environment
    assert spec.products == ("CL", "NG", "HO", "RB", "BZ")
    with pytest.raises(NotFound, match="Venue mars"):
        venue("mars")
