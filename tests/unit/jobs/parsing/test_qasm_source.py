"""Check what text is refused before it is parsed, and where."""

import pytest

from core.errors import InvalidInput
from jobs.parsing.qasm_source import MAX_BITS, check_source


@pytest.mark.parametrize(
    "source",
    [
        'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q;',
        "OPENQASM 3; include 'stdgates.inc';",
        "OPENQASM 3.1; qubit q;",
        'qubit q; // include "other.inc"',
        'qubit q; /* include "other.inc" \n OPENQASM 2.0; */ U(0, 0, 0) q;',
        "qubit q; bit included; bit reinclude;",
        f"qubit[{MAX_BITS}] q; bit c; q[{MAX_BITS - 1}];",
        '@note include "other.inc"\nqubit q;',
    ],
)
def test_harmless_text_passes(source: str) -> None:
    check_source(source)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "the program holds no statement"),
        (" // nothing\n /* at all */", "the program holds no statement"),
        ("OPENQASM 2.0; qubit q;", "line 1, column 10: expected OpenQASM 3, was '2.0'"),
        ("OPENQASM 30; qubit q;", "line 1, column 10: expected OpenQASM 3, was '30'"),
        (
            'OPENQASM 2.0;\ninclude "qelib1.inc";',
            "line 1, column 10: expected OpenQASM 3, was '2.0'",
        ),
        ('\n  include "/etc/passwd";', "line 2, column 11: only 'stdgates.inc' may be included"),
        ("include stdgates.inc;", "line 1, column 9: only 'stdgates.inc' may be included"),
        ('include /* so */ "../stdgates.inc";', "column 18: only 'stdgates.inc' may be included"),
        ('@note /*\ninclude "other.inc";', "line 2, column 9: only 'stdgates.inc'"),
        ('pragma /*\ninclude "other.inc";', "line 2, column 9: only 'stdgates.inc'"),
        ('"/*" include "other.inc";', "only 'stdgates.inc' may be included"),
        (f"qubit[{MAX_BITS + 1}] q;", "line 1, column 7: expected at most 10,000 bits"),
        ("qubit [ /* many */ 3000000000] q;", "expected at most 10,000 bits"),
        ("creg many[3000000000];", "expected at most 10,000 bits"),
        (f"bit[{'9' * 10_000}] c;", "expected at most 10,000 bits"),
    ],
)
def test_other_text_is_refused_with_its_place(source: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_source(source)
    assert caught.value.context["field"] == "program"
    assert reason in caught.value.context["reason"]
