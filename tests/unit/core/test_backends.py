"""Check the names of backends, and the table of fake devices against the package they ship in."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backends import FAKE_DEVICES, Backend, Family
from core.errors import InvalidInput

SHIPPED = """
import json
from qiskit_ibm_runtime.fake_provider import FakeProviderForBackendV2
print(json.dumps({one.name: one.num_qubits for one in FakeProviderForBackendV2().backends()}))
"""

names = st.sampled_from(["auto", "subspace", "aer", "ibm:ibm_fez"]) | st.sampled_from(
    sorted(FAKE_DEVICES)
).map("aer:{}".format)


@given(names)
def test_a_name_survives_the_round_trip(name: str) -> None:
    backend = Backend.parse(name)
    assert str(backend) == name
    assert backend.is_noisy == (":" in name)
    assert Backend.parse(str(backend)) == backend


def test_the_parts_of_a_name_are_told_apart() -> None:
    assert Backend.parse("aer") == Backend(family=Family.AER)
    assert Backend.parse("aer:fake_fez") == Backend(family=Family.AER, device="fake_fez")
    assert Backend.parse("ibm:ibm_fez") == Backend(family=Family.IBM, device="ibm_fez")


@pytest.mark.parametrize(
    "name",
    ["", "AER", "aer ", "aer\n", "aer:", "aer:fez", "ibm", "ibm:", "ibm:ibm-fez", "ibm:a/b",
     "subspace:fake_fez", "auto:fake_fez", "aer:fake_fez\n", "ibm:IBM_FEZ"],
)  # fmt: skip
def test_another_name_is_refused_by_field(name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Backend.parse(name, "backends")
    assert caught.value.context["field"] == "backends"
    assert "expected auto, subspace" in caught.value.detail


def test_a_fake_device_that_does_not_ship_is_refused_with_those_that_do() -> None:
    with pytest.raises(InvalidInput, match="no fake device 'fake_atlantis'; known are fake_aachen"):
        Backend.parse("aer:fake_atlantis")


def test_a_refused_name_is_cut_where_it_is_long() -> None:
    with pytest.raises(InvalidInput) as caught:
        Backend.parse("x" * 10_000)
    assert len(caught.value.detail) < 300


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_fake_devices_are_those_that_ship_with_their_qubits() -> None:
    # in a process of its own, because the package takes seconds to import and warns
    finished = subprocess.run(
        [sys.executable, "-c", SHIPPED], capture_output=True, text=True, check=True
    )
    assert json.loads(finished.stdout) == FAKE_DEVICES
