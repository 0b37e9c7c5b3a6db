"""Check where settings come from, which of two values wins, and how a bad one is named."""

from pathlib import Path

import pytest

from cluster.settings import Settings, load_settings
from core.errors import StackError


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str) -> None:
    Path(".env").write_text(text)


def test_nothing_is_needed() -> None:
    settings = load_settings()
    assert settings == Settings()
    assert settings.live_products is None
    assert settings.variables_of("cme") == {}


def test_every_variable_of_a_vendor_reaches_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOSTAT_ACME_API_KEY", "k")
    monkeypatch.setenv("HELIOSTAT_ACMES_API_KEY", "of another")
    monkeypatch.setenv("ACME_API_KEY", "not ours")
    write("HELIOSTAT_ACME_URL=wss://acme.test\nHELIOSTAT_PORT=9000\n")
    settings = load_settings()
    assert settings.variables_of("acme") == {"api_key": "k", "url": "wss://acme.test"}
    assert settings.variables_of("acmes") == {"api_key": "of another"}
    assert settings.port == 9000


def test_the_environment_wins_and_an_empty_value_unsets(monkeypatch: pytest.MonkeyPatch) -> None:
    write("HELIOSTAT_CME_API_ID=file\nHELIOSTAT_CME_PASSWORD=file\nHELIOSTAT_ICE_USER=\n")
    monkeypatch.setenv("HELIOSTAT_CME_API_ID", "environment")
    monkeypatch.setenv("HELIOSTAT_CME_PASSWORD", "")
    settings = load_settings()
    assert settings.variables_of("cme") == {"api_id": "environment"}
    assert settings.variables_of("ice") == {}


def test_settings_of_ours_are_no_variables_of_a_vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOSTAT_SANDBOX_SEED", "11")
    settings = load_settings()
    assert settings.sandbox_seed == 11
    assert settings.variables_of("sandbox") == {}


def test_secrets_of_vendors_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOSTAT_CME_PASSWORD", "hunter2")
    assert "hunter2" not in repr(load_settings())


@pytest.mark.parametrize(
    ("given", "read"), [("CL", ("CL",)), (" CL, NG ,", ("CL", "NG")), ("", None), (" , ", None)]
)
def test_live_products_are_separated_by_commas(
    given: str, read: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOSTAT_LIVE_PRODUCTS", given)
    assert load_settings().live_products == read


@pytest.mark.parametrize(
    ("given", "read"), [("CL", ("CL",)), ("B, NG", ("B", "NG")), ("none", ()), ("", None)]
)
def test_models_are_named_or_none(
    given: str, read: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOSTAT_MODEL_PRODUCTS", given)
    assert load_settings().model_products == read


@pytest.mark.parametrize(("given", "read"), [("import:desk", "import:desk"), ("", None)])
def test_the_past_of_models_is_a_source(
    given: str, read: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOSTAT_MODEL_HISTORY", given)
    assert load_settings().model_history == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_HISTORY", "A source"),
        ("MODEL_REFIT_DAYS", "0"),
        ("PORT", "80"),
        ("PORT", "many"),
        ("CPUS", "0"),
        ("JOURNAL_LIMIT_GB", "0"),
        ("KEEP_TICKS_DAYS", "0"),
        ("SANDBOX_SEED", "-1"),
    ],
)
def test_a_bad_value_is_one_line_that_names_it(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"HELIOSTAT_{name}", value)
    with pytest.raises(StackError) as caught:
        load_settings()
    assert caught.value.detail.startswith(f"HELIOSTAT_{name}: ")
    assert "\n" not in caught.value.detail


@pytest.mark.parametrize(
    ("given", "read"), [("10.0.0.0/24, ::1", ("10.0.0.0/24", "::1")), ("", ())]
)
def test_trusted_proxies_are_addresses_or_networks(
    monkeypatch: pytest.MonkeyPatch, given: str, read: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HELIOSTAT_TRUSTED_PROXIES", given)
    assert load_settings().trusted_proxies == read


@pytest.mark.parametrize("given", ["*", "proxy", "10.0.0.1/8"])
def test_a_proxy_that_is_no_address_is_named(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("HELIOSTAT_TRUSTED_PROXIES", given)
    with pytest.raises(StackError) as refused:
        load_settings()
    assert refused.value.context["problem"].startswith("HELIOSTAT_TRUSTED_PROXIES:")


def test_origins_whose_pages_may_call_are_origins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOSTAT_CORS_ORIGINS", "https://a.example, http://localhost:5173")
    assert load_settings().cors_origins == ("https://a.example", "http://localhost:5173")
    for wrong in ("*", "a.example", "https://a.example/page", "https://a.example,*"):
        monkeypatch.setenv("HELIOSTAT_CORS_ORIGINS", wrong)
        with pytest.raises(StackError, match="HELIOSTAT_CORS_ORIGINS"):
            load_settings()
