"""Ask a whole stack where prices may go, once the model of crude has been estimated."""

import json
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from heliostat import Client, ModelNotReady
from tests.on_ray.conftest import wait_for

if TYPE_CHECKING:
    from tests.on_ray.conftest import Stack

pytestmark = [pytest.mark.ray, pytest.mark.timeout(900)]

# The past of the sandbox is estimated beside whatever else the stack does at its start.
ESTIMATED_WITHIN_S = 480.0


@pytest.fixture(scope="module")
def crude(stack: "Stack") -> dict[str, Any]:
    """Return what `heliostat forecast CL --json` prints once there is a forecast."""
    with stack.client() as client:

        def is_ready() -> bool:
            try:
                client.forecast("CL", horizon=1)
            except ModelNotReady:
                return False
            return True

        wait_for(is_ready, ESTIMATED_WITHIN_S)
    done = stack.run("forecast", "CL", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_quantiles_rise_with_the_level_and_spread_with_the_horizon(crude: dict[str, Any]) -> None:
    assert crude["source"] == "sandbox"
    assert crude["horizons"] == [1, 5, 10, 20, 40, 60]
    assert len(crude["contracts"]) == 12
    for contract in crude["contracts"]:
        widths = []
        for ahead in contract["forecasts"]:
            prices = [float(price) for price in ahead["quantiles"]]
            assert len(prices) == len(crude["levels"])
            assert all(low < high for low, high in pairwise(prices))
            widths.append(float(ahead["volatility"]))
        assert widths[0] < widths[-1]
        assert date.fromisoformat(contract["settled_on"]) <= date.fromisoformat(crude["as_of"])


def test_the_volatility_and_the_card_are_of_the_same_estimate(
    client: Client, crude: dict[str, Any]
) -> None:
    volatility = client.volatility("CL", as_of=crude["as_of"])
    assert all(one.daily > 0 for one in volatility.contracts)
    model = client.model_card("CL")
    assert model.card is not None
    assert str(model.card.fit_id) == crude["fit_id"]
    assert model.card.observations >= 100
    assert model.status.waiting is None


def test_models_are_listed_by_product(client: Client, crude: dict[str, Any]) -> None:
    by_product = {status.product: status for status in client.models()}
    # of all live products, the one that the settings of this stack ask for
    assert set(by_product) == {"CL"}
    assert {"CL", "NG"} <= {product.code for product in client.products() if product.live_source}
    assert by_product["CL"].version >= crude["version"]
