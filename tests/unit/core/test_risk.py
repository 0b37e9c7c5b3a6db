"""Check what questions about the risk of a book refuse before a store is asked."""

import pytest

from core.errors import InvalidInput
from core.risk import ExplainQuestion


@pytest.mark.parametrize("day", ["0001-01-01", "1977-12-31", "20200101", 1_577_836_800])
def test_a_profit_is_explained_since_there_were_energy_futures(day: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        ExplainQuestion.checked({"since": day})
    assert caught.value.context["field"] == "since"
    assert ExplainQuestion.checked({"since": "1978-01-01"}).since.year == 1978
