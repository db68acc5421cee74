"""The simulation behind docs/scaling.md: what is worked is conserved, more is never less, and the page is up to date."""

import importlib
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
PARTS = ("day", "deployment", "herd", "knees", "measure", "sharing", "tables", "__main__")


@pytest.fixture(scope="module")
def scale():
    """The modules of the package, which find their neighbours in the folder of the benchmarks."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(ROOT / "benchmarks")
        found = {name: importlib.import_module(f"scale.{name}") for name in PARTS}
        return SimpleNamespace(**found, page=importlib.import_module("page"))


@pytest.fixture(scope="module")
def costs(scale):
    """What was measured when the page was written."""
    return scale.measure.kept()


@pytest.fixture(scope="module")
def asked(scale):
    """A deployment in the middle."""
    return scale.deployment.Deployment(100, 1_000, predictions_per_day=1e8, sample=0.01)


works = st.lists(st.tuples(st.floats(0, 10), st.floats(0.001, 3)), min_size=1, max_size=30).map(
    sorted
)


def through(shared, arrivals):
    """Let work arrive; return for each piece when it left, and whether it was done."""
    left, coming = {}, list(enumerate(arrivals))
    while coming or shared.inside:
        arrives = coming[0][1][0] if coming else math.inf
        if arrives <= shared.next_at():
            who, (at, work) = coming.pop(0)
            shared.add(at, work, who)
        else:
            at, who, done = shared.pop()
            left[who] = (at, done)
    return left


@given(works, st.floats(1, 8))
def test_what_is_shared_does_all_the_work_and_nothing_sooner_than_alone(scale, arrivals, cores):
    shared = scale.sharing.Shared(cores)

    left = through(shared, arrivals)

    assert len(left) == len(arrivals)
    assert shared.busy_s / cores <= max(at for at, _ in left.values()) + 1e-6
    for who, (arrived, work) in enumerate(arrivals):
        assert left[who][1]
        assert left[who][0] >= arrived + work - 1e-6


@given(works)
def test_with_a_core_for_each_nobody_waits(scale, arrivals):
    left = through(scale.sharing.Shared(len(arrivals)), arrivals)

    for who, (arrived, work) in enumerate(arrivals):
        assert left[who][0] == pytest.approx(arrived + work)


@given(works, st.floats(0.01, 2))
def test_what_takes_too_long_is_given_up_at_its_time_and_what_is_done_was_quicker(
    scale, arrivals, timeout_s
):
    left = through(scale.sharing.Shared(1, timeout_s), arrivals)

    for who, (arrived, _) in enumerate(arrivals):
        at, done = left[who]
        assert at <= arrived + timeout_s + 1e-6
        assert done or at == pytest.approx(arrived + timeout_s)


def test_two_that_share_a_core_take_twice_as_long(scale):
    left = through(scale.sharing.Shared(1), [(0.0, 1.0), (0.0, 1.0)])

    assert [at for at, _ in left.values()] == pytest.approx([2.0, 2.0])


def test_looks_are_as_many_as_processes_and_their_pace_say(scale, costs, asked):
    reads = scale.deployment.reads_per_s

    assert reads(asked, costs)["looks"] == 2 * 200 / 0.5
    assert reads(replace(asked, poll_interval_s=1.0), costs)["looks"] == 2 * 200
    assert reads(replace(asked, web_workers=4), costs)["looks"] == 2 * 400 / 0.5


@pytest.mark.parametrize("more", ["replicas", "services", "predictions_per_day", "keys", "workers"])
def test_more_of_anything_is_never_less_for_the_database(scale, costs, asked, more):
    cores, connections = scale.deployment.database_cores, scale.deployment.connections
    grown = replace(asked, **{more: getattr(asked, more) * 3})

    before, after = cores(asked, costs), cores(grown, costs)

    assert all(after[part] >= before[part] for part in before)
    assert sum(after.values()) >= sum(before.values())
    assert connections(grown) >= connections(asked)


def test_no_more_is_recorded_than_web_workers_record(scale, asked):
    all_of_it = replace(asked, sample=1.0, predictions_per_day=1e12)

    assert all_of_it.recorded_per_s == 200 * 200
    assert asked.recorded_per_s == pytest.approx(1e8 * 0.01 / 86_400)


def test_keys_are_looked_up_no_more_often_than_there_are_calls(scale, costs, asked):
    quiet = replace(asked, predictions_per_day=86_400.0, keys=50)

    assert scale.deployment.reads_per_s(quiet, costs)["keys"] == 2


def herd(scale, costs, replicas, *, cores=4.0, read_ms=None, megabytes=0.2):
    """Let a change come to idle replicas."""
    one = scale.deployment.Deployment(replicas, services=0, beats=0)
    machine = scale.herd.Machine(database_cores=cores)
    random = np.random.default_rng(1)
    simulation = scale.herd.Simulation(
        one, machine, costs, random, megabytes, limit_s=20, read_ms=read_ms
    )
    return simulation.run()


def test_each_process_serves_a_change_once_soon_after_its_next_look(scale, costs):
    seen = herd(scale, costs, 10)

    assert len(seen.served_s) == 20
    waits_s = 8 * scale.herd.Machine().request_s
    assert min(seen.served_s) > 0
    assert seen.last_s <= 0.5 + waits_s + 0.1
    assert seen.given_up == 0


def test_more_replicas_and_dearer_reads_are_never_served_sooner(scale, costs):
    lasts = [herd(scale, costs, replicas, cores=1.0).last_s for replicas in (5, 50, 500)]
    dearer = [herd(scale, costs, 50, cores=1.0, read_ms=ms).last_s for ms in (1, 10, 30)]

    assert lasts == sorted(lasts)
    assert dearer == sorted(dearer)


def test_reads_that_all_take_longer_than_their_time_are_never_served(scale, costs):
    """They share the cores, so that none of them is done in time; and all are asked again."""
    seen = herd(scale, costs, 50, cores=1.0, read_ms=300)

    assert seen.served_s == []
    assert seen.given_up >= 100


def test_the_database_works_no_more_than_its_cores_can(scale, costs):
    seen = herd(scale, costs, 50, cores=1.0, read_ms=300)

    assert seen.database_s <= seen.seconds * 1.0 + 1e-6


@pytest.mark.parametrize(("replicas", "megabytes"), [(5, 1), (50, 20), (5, 200)])
def test_the_formula_for_the_store_is_what_the_simulation_says(scale, costs, replicas, megabytes):
    one = scale.deployment.Deployment(replicas)
    told = scale.deployment.fetched_by_all_s(one, costs, megabytes, 1_000)

    seen = herd(scale, costs, replicas, cores=64, megabytes=megabytes)

    assert seen.last_s == pytest.approx(told, rel=0.3)


@given(st.integers(0, 10_000_000))
def test_the_largest_that_fits_is_found(scale, bound):
    assert scale.knees.largest(lambda number: number <= bound) == bound


def test_a_knee_is_where_one_more_is_too_much(scale, costs, asked):
    room = scale.knees.Limits()
    most = scale.knees.replicas_by_connections(asked, room)

    assert scale.deployment.connections(replace(asked, replicas=most)) <= room.connections
    assert scale.deployment.connections(replace(asked, replicas=most + 1)) > room.connections


@pytest.mark.parametrize("peak", [1.0, 2.0, 3.0])
def test_a_day_has_its_calls_and_its_peak(scale, peak):
    calls = scale.day.curve(1e9, peak)

    assert calls.sum() * scale.day.STEP_S == pytest.approx(1e9)
    assert calls.max() / calls.mean() == pytest.approx(peak, rel=0.01)
    assert (calls >= 0).all()


def test_an_even_day_has_as_many_replicas_as_its_target_says(scale):
    day = scale.day.through(np.full(500, 1_000.0), 100.0, 2, scale.day.Scaling(target=0.5))

    assert set(day.replicas) == {10.0}
    assert day.busy == pytest.approx(0.5)
    assert day.waiting(0.1) == 0


def test_replicas_that_start_slowly_have_more_callers_wait(scale):
    calls = scale.day.curve(1e9, 2.0, burst=3.0)
    shares = [
        scale.day.through(calls, 900.0, 2, scale.day.Scaling(start_s=start_s)).waiting(0.1)
        for start_s in (15, 60, 300)
    ]

    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


def test_there_are_never_more_replicas_than_allowed(scale):
    calls = scale.day.curve(1e9, 2.0)
    day = scale.day.through(calls, 900.0, 2, scale.day.Scaling(most=5))

    assert day.replicas.max() == 5
    assert day.waiting(0.1) > 0.5


@pytest.mark.parametrize(
    "heading",
    [
        "What one of each costs", "From one replica to a thousand", "The artefact store",
        "Where it breaks first", "A billion predictions a day", "A day with a peak",
    ],
)  # fmt: skip
def test_the_page_says_what_follows_from_the_costs_that_are_kept(scale, costs, heading):
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    made = scale.tables.SIMULATED[heading](costs)

    expected = [[cell.strip() for cell in line.strip("|").split("|")] for line in made[2:]]

    assert scale.page.table(page, heading) == expected
