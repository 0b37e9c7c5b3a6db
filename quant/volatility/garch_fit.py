"""Own the fitting of GARCH(1,1) by maximum likelihood, which `arch` does."""

from dataclasses import dataclass

import numpy as np
from arch import arch_model
from numpy.typing import NDArray

from core.errors import ModelNotApplicable
from quant.volatility.changes import check_changes
from quant.volatility.garch import GarchParameters

Reals = NDArray[np.float64]

_NEEDED = 100  # below, the likelihood is flat in α and β
_EQUAL = 1e-12
_MODEL = "GARCH(1,1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class GarchFit:
    """Hold fitted parameters, the standard error of each, and how well they fit.

    `standard_errors` are in the order of `names`, robust to a wrong distribution (Bollerslev and
    Wooldridge 1992). `initial_variance` is that of the first day, where the recursion began.
    """

    parameters: GarchParameters
    names: tuple[str, ...]
    standard_errors: tuple[float, ...]
    log_likelihood: float
    observations: int
    initial_variance: float


def fit_garch(
    changes: Reals,
    *,
    has_mean: bool = True,
    is_student: bool = False,
    backcast: float | None = None,
) -> GarchFit:
    """Fit GARCH(1,1) to price changes (days,), normal or with Student's t.

    `backcast` stands for the squared change and the variance before the first day; None takes a
    weighted mean of the first squared changes. The likelihood is that of the changes as given;
    inside, they are scaled to a standard deviation of 1.

    Raises:
        InvalidInput: the changes have more than one dimension, or a number is not finite.
        HistoryTooShort: there are fewer than 100 days.
        ModelNotApplicable: the prices never moved or always alike, or the search for the maximum
            failed.
    """
    check_changes(changes, subject=_MODEL, needed=_NEEDED)
    if np.ptp(changes) <= _EQUAL * np.abs(changes).max():
        raise ModelNotApplicable(model=_MODEL, reason="the changes are all the same")
    scale = float(np.sqrt(np.mean(changes**2)))
    model = arch_model(
        changes / scale,
        mean="Constant" if has_mean else "Zero",
        vol="GARCH",
        p=1,
        q=1,
        dist="t" if is_student else "normal",
        rescale=False,
    )
    scaled_backcast = None if backcast is None else backcast / scale**2
    fitted = model.fit(
        disp="off",
        show_warning=False,
        backcast=scaled_backcast,
        options={"ftol": 1e-12, "maxiter": 1_000},
    )
    if fitted.convergence_flag != 0:
        reason = f"the search ended with flag {fitted.convergence_flag}; use EWMA"
        raise ModelNotApplicable(model=_MODEL, reason=reason)
    found = dict(zip(fitted.params.index, fitted.params.to_numpy(), strict=True))
    units = {"mu": scale, "omega": scale**2}
    errors = dict(zip(fitted.std_err.index, fitted.std_err.to_numpy(), strict=True))
    return GarchFit(
        parameters=GarchParameters(
            mu=float(found.get("mu", 0.0)) * scale,
            # zero is on the border of what the search allows
            omega=max(float(found["omega"]), np.finfo(np.float64).tiny) * scale**2,
            alpha=float(found["alpha[1]"]),
            beta=float(found["beta[1]"]),
            degrees_of_freedom=float(found["nu"]) if is_student else None,
        ),
        names=tuple(found),
        standard_errors=tuple(float(errors[name]) * units.get(name, 1.0) for name in found),
        log_likelihood=float(fitted.loglikelihood) - len(changes) * float(np.log(scale)),
        observations=len(changes),
        initial_variance=float(fitted.conditional_volatility[0]) ** 2 * scale**2,
    )
