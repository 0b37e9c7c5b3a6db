"""Check how points are grouped into chunks."""

from hypothesis import example, given
from hypothesis import strategies as st

from cluster.settings import Settings
from jobs.backends.costs import Way, measured
from jobs.plans.grouping import CHUNKS_ENOUGH, MAX_CHUNK_S, MAX_CHUNKS, group_points, rows_per_job
from jobs.plans.sweep_points import hardware_rows


@given(st.integers(0, 2_000_000), st.floats(0.0, 1e4))
@example(1, 0.0)
@example(2_000_000, 1e-9)
def test_every_point_is_in_one_chunk_and_chunks_are_even(points: int, each_s: float) -> None:
    chunks = group_points(points, each_s)
    assert len(chunks) <= min(points, MAX_CHUNKS)
    edges = [0, *(chunk.stop for chunk in chunks)]
    assert [chunk.start for chunk in chunks] == edges[:-1]
    assert edges[-1] == points
    sizes = {len(chunk) for chunk in chunks}
    assert not sizes or max(sizes) - min(sizes) <= 1


@given(st.integers(1, 2_000_000), st.floats(1e-7, 1.0))
def test_chunks_are_long_enough_to_carry_their_overhead(points: int, each_s: float) -> None:
    chunks = group_points(points, each_s)
    if len(chunks) > 1:
        assert max(map(len, chunks)) * each_s >= 0.05


@given(st.integers(1, 100_000), st.floats(1e-4, 0.1))
def test_chunks_grow_no_longer_than_cancelling_allows(points: int, each_s: float) -> None:
    chunks = group_points(points, each_s)
    if len(chunks) < MAX_CHUNKS:
        assert min(map(len, chunks)) * each_s <= 1.5 * MAX_CHUNK_S + each_s


def test_a_short_run_is_one_chunk_and_a_longer_one_has_enough_for_many_cores() -> None:
    assert group_points(48, 0.001) == (range(48),)
    assert len(group_points(10_000, 0.001)) == CHUNKS_ENOUGH
    assert len(group_points(7, 5.0)) == 7


@given(st.floats(0.0, 60.0))
@example(4096 * 0.00025)
def test_a_job_of_a_device_needs_no_more_than_it_may_use(each_s: float) -> None:
    limit_s = Settings.model_fields["qpu_job_limit_s"].default
    assert rows_per_job(each_s) * each_s <= limit_s


@given(st.integers(1, 200_000))
@example(4096)
def test_a_job_of_many_angles_needs_no_more_than_it_may_use(shots: int) -> None:
    limit_s = Settings.model_fields["qpu_job_limit_s"].default
    assert hardware_rows(shots) * shots * measured()[Way.HARDWARE]["shot"] <= limit_s
