"""Own which points a sweep has, in which order, and the pieces that train and sample them.

A unit is a circuit with its angles and a seed: mixers × seeds × schedules, the last one fastest. A
point is a unit on a backend; backends go slowest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from core.backends import Backend, Family
from core.mixers import Mixer
from core.specifications.sweep import SweepSpecification
from jobs.backends.choice import Choice
from jobs.backends.costs import Way, measured
from jobs.pieces import Done, Piece, Target
from jobs.plans.ansatz_work import evaluation_seconds, training_seconds
from jobs.plans.grouping import group_points, rows_per_job
from jobs.plans.stages import missing, results_of

TRAIN, CLASSICAL, COMPOSE, SAMPLE = "train", "classical", "compose", "sample"
ROWS_PER_JOB = 100
"""Send hardware at most so many sets of angles in one job."""

Angles = tuple[list[float], list[float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Name one unit; `schedule` is the place of its depth, or of its angles, in the list."""

    mixer: Mixer
    seed: int
    schedule: int


@dataclass(frozen=True, slots=True)
class SweepPoints:
    """Number the units of a sweep, and what is trained or scored of them."""

    asked: SweepSpecification

    @property
    def schedules(self) -> int:
        return len(self.asked.angles) or len(self.asked.depths)

    @property
    def units(self) -> int:
        return len(self.asked.mixers) * len(self.asked.seeds) * self.schedules

    @property
    def deepest(self) -> int:
        return max(self.depth_of(schedule) for schedule in range(self.schedules))

    @property
    def scored(self) -> int:
        """Count what is trained; given angles are scored once, whatever the seed."""
        if self.asked.angles:
            return len(self.asked.mixers) * self.schedules
        return self.units

    def depth_of(self, schedule: int) -> int:
        """Return the layers of a schedule."""
        if self.asked.angles:
            return len(self.asked.angles[schedule].gammas)
        return self.asked.depths[schedule]

    def unit(self, index: int) -> Unit:
        """Return the unit of a number."""
        rest, schedule = divmod(index, self.schedules)
        mixer, seed = divmod(rest, len(self.asked.seeds))
        return Unit(mixer=self.asked.mixers[mixer], seed=self.asked.seeds[seed], schedule=schedule)

    def scored_index(self, index: int) -> int:
        """Return which of the scored ones a unit is."""
        if not self.asked.angles:
            return index
        rest, schedule = divmod(index, self.schedules)
        return rest // len(self.asked.seeds) * self.schedules + schedule


def plan(asked: SweepSpecification, choices: Sequence[Choice]) -> dict[str, Any]:
    """Settle the method of each backend, and which units each piece trains and samples."""
    points = SweepPoints(asked)
    scoring = _pairs(group_points(points.scored, _scoring_seconds(points)))
    sampling = [
        [which, *group]
        for which, choice in enumerate(choices)
        for group in _pairs(group_points(points.units, choice.seconds / points.units))
    ]
    chunks = len(sampling)
    if choices[0].backend.family is Family.IBM:  # composed, then carried out by the device
        sampling, chunks = [], 2 * len(hardware_groups(points))
    return {
        "backends": [
            {"backend": str(choice.backend), "method": choice.method, "why": choice.why}
            for choice in choices
        ],
        "scoring": scoring,
        "sampling": sampling,
        "chunks": len(scoring) + 1 + chunks,
    }


def pieces(points: SweepPoints, plan: dict[str, Any], done: Done) -> list[Piece]:
    """List the pieces of the next stage: angles and classical answers, then samples."""
    first = missing(_scoring_pieces(points, plan), done)
    if first:
        return first
    scored = scored_points(done)
    if Backend.parse(plan["backends"][0]["backend"]).family is not Family.IBM:
        return missing(_sampling_pieces(points, plan, scored), done)
    composing = missing(_composing_pieces(points, scored), done)
    return composing or missing(_hardware_pieces(points, done), done)


def scored_points(done: Done) -> list[dict[str, Any]]:
    """Return what is known of every trained or given set of angles, in their order."""
    return [point for chunk in results_of(done, TRAIN) for point in chunk["points"]]


def hardware_groups(points: SweepPoints) -> list[list[int]]:
    """Group units of one mixer and depth, whose circuit they share, for one job each."""
    rows = hardware_rows(points.asked.shots)
    alike: dict[tuple[Mixer, int], list[int]] = {}
    for index in range(points.units):
        unit = points.unit(index)
        alike.setdefault((unit.mixer, points.depth_of(unit.schedule)), []).append(index)
    return [
        units[first : first + rows]
        for units in alike.values()
        for first in range(0, len(units), rows)
    ]


def hardware_rows(shots: int) -> int:
    """Return how many sets of angles, each sampled so often, go into one job of a device."""
    each_s = shots * measured()[Way.HARDWARE]["shot"]
    return min(ROWS_PER_JOB, rows_per_job(each_s))


def batches_of(
    points: SweepPoints, units: range, scored: Sequence[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Cut units into runs of one mixer, seed and depth, each a batch of `sample_points`."""

    def alike(index: int) -> tuple[Mixer, int, int]:
        unit = points.unit(index)
        return unit.mixer, unit.seed, points.depth_of(unit.schedule)

    for (mixer, seed, _), run in groupby(units, key=alike):
        members = list(run)
        found = [scored[points.scored_index(index)] for index in members]
        yield {
            "mixer": mixer.value,
            "seed": seed,
            "first_point": points.unit(members[0]).schedule,
            "angles": [[one["gammas"], one["betas"]] for one in found],
        }


def _pairs(ranges: Sequence[range]) -> list[list[int]]:
    return [[each.start, each.stop] for each in ranges]


def _scoring_seconds(points: SweepPoints) -> float:
    """Return the mean seconds of scoring or training one set of angles."""
    asked = points.asked
    each = [
        evaluation_seconds(asked.of, asked.choose, depth, mixer)
        if asked.angles
        else training_seconds(asked.of, asked.choose, depth, mixer, asked.starts)
        for mixer in asked.mixers
        for depth in ([points.deepest] if asked.angles else asked.depths)
    ]
    return sum(each) / len(each)


def _scoring_pieces(points: SweepPoints, plan: dict[str, Any]) -> list[Piece]:
    asked = points.asked
    scoring = []
    for index, (first, last) in enumerate(plan["scoring"]):
        task, arguments = _scoring(points, range(first, last))
        scoring.append(Piece(stage=TRAIN, index=index, task=task, arguments=arguments))
    classical = Piece(
        stage=CLASSICAL, index=0, task=CLASSICAL, arguments=(asked.shots, list(asked.seeds))
    )
    return [*scoring, classical]


def _scoring(points: SweepPoints, numbers: range) -> tuple[str, tuple[Any, ...]]:
    if points.asked.angles:
        return "sweep_score", ([_angles(points, number) for number in numbers],)
    return "sweep_train", ([_untrained(points, index) for index in numbers], points.asked.starts)


def _angles(points: SweepPoints, number: int) -> tuple[str, list[float], list[float]]:
    mixer, schedule = divmod(number, points.schedules)
    angles = points.asked.angles[schedule]
    return points.asked.mixers[mixer].value, list(angles.gammas), list(angles.betas)


def _untrained(points: SweepPoints, index: int) -> tuple[str, int, int]:
    unit = points.unit(index)
    return unit.mixer.value, points.depth_of(unit.schedule), unit.seed


def _sampling_pieces(
    points: SweepPoints, plan: dict[str, Any], scored: Sequence[dict[str, Any]]
) -> list[Piece]:
    listed = []
    for index, (which, first, last) in enumerate(plan["sampling"]):
        way = {name: plan["backends"][which][name] for name in ("backend", "method")}
        batches = list(batches_of(points, range(first, last), scored))
        arguments = (way, batches, points.asked.shots)
        listed.append(Piece(stage=SAMPLE, index=index, task="sweep_sample", arguments=arguments))
    return listed


def _composing_pieces(points: SweepPoints, scored: Sequence[dict[str, Any]]) -> list[Piece]:
    listed = []
    for index, units in enumerate(hardware_groups(points)):
        found = [scored[points.scored_index(unit)] for unit in units]
        angles = [[one["gammas"], one["betas"]] for one in found]
        arguments = (points.unit(units[0]).mixer.value, angles)
        listed.append(Piece(stage=COMPOSE, index=index, task="sweep_compose", arguments=arguments))
    return listed


def _hardware_pieces(points: SweepPoints, done: Done) -> list[Piece]:
    listed = []
    for index in range(len(hardware_groups(points))):
        request = {
            "qpy": done[COMPOSE, index]["qpy"],
            "rows": done[COMPOSE, index]["rows"],
            "shots": points.asked.shots,
            "seed": points.asked.seeds[0],
        }
        listed.append(
            Piece(
                stage=SAMPLE, index=index, task="sampler", arguments=(request,), target=Target.QPU
            )
        )
    return listed
