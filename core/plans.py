"""Own what each plan allows an organisation: a table until billing lands."""

from dataclasses import dataclass

from core.errors import PlanLimitExceeded


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Bound one organisation's runs.

    `weight` is its share of the cluster beside others', `max_points` the circuits (parameter sets
    times circuits) of one run, `qpu_seconds` what it may use of quantum hardware in a month,
    `max_priority` the highest priority its runs may ask for.
    """

    name: str
    weight: int
    max_running: int
    max_unfinished: int
    max_qubits: int
    max_shots: int
    max_points: int
    qpu_seconds: int
    max_priority: int

    def require(self, field: str, value: int, limit: int) -> None:
        """Refuse a value over a limit of this plan.

        Raises:
            PlanLimitExceeded: it is over; names the field, the value, the limit and the plan.
        """
        if value > limit:
            raise PlanLimitExceeded(field=field, value=value, limit=limit, plan=self.name)


PLANS: dict[str, Plan] = {
    plan.name: plan
    for plan in (
        Plan(
            name="free",
            weight=1,
            max_running=1,
            max_unfinished=20,
            max_qubits=20,
            max_shots=100_000,
            max_points=2_000,
            qpu_seconds=0,
            max_priority=0,
        ),
        Plan(
            name="team",
            weight=4,
            max_running=4,
            max_unfinished=1_000,
            max_qubits=100,
            max_shots=1_000_000,
            max_points=200_000,
            qpu_seconds=600,
            max_priority=5,
        ),
        Plan(
            name="enterprise",
            weight=16,
            max_running=16,
            max_unfinished=10_000,
            max_qubits=156,
            max_shots=10_000_000,
            max_points=2_000_000,
            qpu_seconds=36_000,
            max_priority=9,
        ),
    )
}
DEFAULT_PLAN = "team"
