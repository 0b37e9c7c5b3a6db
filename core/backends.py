"""Own the names of what a run may be carried out on, and the simulator methods behind them."""

import re
from dataclasses import dataclass
from enum import StrEnum

from core.errors import InvalidInput

_NAME = re.compile(
    r"(auto|subspace|classical|aer|aer:(?P<fake>fake_[a-z0-9_]+)|ibm:(?P<ibm>[a-z0-9_]+))"
)


class Family(StrEnum):
    """Name who carries circuits out; AUTO leaves the choice to the cost model.

    CLASSICAL carries out none: it is where runs without a circuit go.
    """

    AUTO = "auto"
    SUBSPACE = "subspace"
    CLASSICAL = "classical"
    AER = "aer"
    IBM = "ibm"


class Method(StrEnum):
    """Name the ways in which Aer simulates; every one of them is exact as we use it."""

    STABILIZER = "stabilizer"
    MATRIX_PRODUCT_STATE = "matrix_product_state"
    STATEVECTOR = "statevector"
    DENSITY_MATRIX = "density_matrix"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """Name one backend; `device` is a fake device with its noise (aer) or a real one (ibm)."""

    family: Family
    device: str | None = None

    def __str__(self) -> str:
        return self.family if self.device is None else f"{self.family}:{self.device}"

    @property
    def is_noisy(self) -> bool:
        return self.device is not None

    @classmethod
    def parse(cls, text: str, field: str = "backend") -> "Backend":
        """Read `auto`, `subspace`, `aer`, `aer:fake_<device>` or `ibm:<device>`.

        Raises:
            InvalidInput: it is none of these; names `field`.
        """
        found = _NAME.fullmatch(text)
        if found is None:
            raise InvalidInput(
                field=field,
                reason=f"expected auto, subspace, aer, aer:fake_<device> or ibm:<device>, "
                f"was {text[:80]!r}",
            )
        family = Family(text.partition(":")[0])
        device = found["fake"] or found["ibm"]
        if family is Family.AER and device is not None and device not in FAKE_DEVICES:
            known = ", ".join(sorted(FAKE_DEVICES))
            raise InvalidInput(field=field, reason=f"no fake device {device!r}; known are {known}")
        return cls(family=family, device=device)


_DEVICES_BY_QUBITS = {
    156: "aachen boston fez kingston marrakesh pittsburgh",
    133: "torino",
    127: "brisbane brussels cusco kawasaki kyiv kyoto osaka quebec sherbrooke strasbourg "
    "washington",
    120: "berlin miami nighthawk",
    65: "brooklyn manhattan",
    53: "rochester",
    33: "prague",
    28: "cambridge",
    27: "algiers auckland cairo geneva hanoi kolkata montreal mumbai paris peekskill sydney "
    "toronto",
    20: "almaden boeblingen johannesburg poughkeepsie singapore",
    16: "guadalupe",
    15: "melbourne",
    7: "casablanca jakarta lagos nairobi oslo perth",
    5: "athens belem bogota burlington essex fractional lima london manila ourense quito rome "
    "santiago valencia vigo yorktown",
    1: "armonk",
}
FAKE_DEVICES: dict[str, int] = {
    f"fake_{name}": qubits for qubits, names in _DEVICES_BY_QUBITS.items() for name in names.split()
}
"""Map each fake device that ships with qiskit-ibm-runtime to its qubits.

A table, because importing that package takes four seconds; a test compares them.
"""
