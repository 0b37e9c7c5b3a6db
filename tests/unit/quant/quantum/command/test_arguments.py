"""Read lists of numbers off the command line."""

import numpy as np
import pytest

from core.errors import InvalidInput
from quant.quantum.command.arguments import angles, spread


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--gammas 1 -2 3 --json", "--gammas 1 --gammas -2 --gammas 3 --json"),
        ("--gammas 1 --betas 2 3", "--gammas 1 --betas 2 --betas 3"),
        ("--gammas=1 2 --cvar 0.5", "--gammas=1 --gammas 2 --cvar 0.5"),
        ("--gammas 1,2 3 --mixer ring 4", "--gammas 1,2 --gammas 3 --mixer ring 4"),
        ("evaluate --gammas x 1", "evaluate --gammas x --gammas 1"),
        ("--gammas", "--gammas"),
    ],
)
def test_a_list_may_stand_behind_one_name(words: str, told: str) -> None:
    assert spread(words.split()) == told.split()


def test_numbers_may_stand_between_commas() -> None:
    np.testing.assert_array_equal(angles("gammas", ["1,-2.5", "3e-1"]), [1.0, -2.5, 0.3])


def test_other_words_are_no_angles() -> None:
    with pytest.raises(InvalidInput, match="gammas: expected numbers, was '1,x'"):
        angles("gammas", ["1,x"])
