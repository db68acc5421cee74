"""Which versions are given up, and that nothing is lost that somebody needs."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tiny import declaration_of, silent

from minerva.errors import Conflict, NotFound, Unavailable
from minerva.layers.abstraction.jobs.job import Job, JobState, Lease, NewJob
from minerva.layers.abstraction.jobs.store import Ending
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.registry.retention import Retention, choose

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def version(number, *, job_id=None, pruned=False):
    return Version(
        tenant="default", service="value", digest=f"{number:064x}", manifest={}, metrics={},
        configuration_revision=1, job_id=job_id, created_at=NOW, number=number,
        pruned_at=NOW if pruned else None,
    )  # fmt: skip


def new_job(job_id="j", **payload):
    return NewJob(
        id=job_id, tenant="default", service="value", kind="train", payload=payload,
        configuration_revision=1, author="tests", idempotency_key=None, request_id="", trace_id="",
        max_attempts=3, created_at=NOW,
    )  # fmt: skip


def job(job_id="j", **payload):
    new = new_job(job_id, **payload)
    given_ = {name: getattr(new, name) for name in NewJob.__dataclass_fields__}
    return Job(
        **given_, state=JobState.RUNNING, attempt=1, progress=0.0, message="", result=None,
        error=None, cancel_requested=False, started_at=NOW, finished_at=None,
    )  # fmt: skip


def numbers(versions):
    return [one.number for one in versions]


def newest_first(count, **parts):
    return [version(number, **parts) for number in range(count, 0, -1)]


def test_the_newest_are_kept_and_the_rest_is_freed():
    choice = choose(newest_first(8), keep=3, aliases={}, before=None, jobs=[])

    assert choice.kept == dict.fromkeys((8, 7, 6), "among the newest 3")
    assert numbers(choice.freed) == [5, 4, 3, 2, 1]


def test_what_somebody_names_is_kept_however_old():
    choice = choose(
        newest_first(9),
        keep=1,
        aliases={"champion": 2, "challenger": 3, "shadow": 4},
        before=1,
        jobs=[job("batch", version=5)],
    )

    assert choice.kept == {
        9: "among the newest 1",
        5: "job batch is not finished",
        4: "shadow",
        3: "challenger",
        2: "champion",
        1: "the champion before, to roll back to",
    }
    assert numbers(choice.freed) == [8, 7, 6]


def test_what_an_unfinished_job_has_made_is_kept():
    versions = [version(3), version(2, job_id="j"), version(1)]

    choice = choose(versions, keep=1, aliases={}, before=None, jobs=[job("j")])

    assert choice.kept[2] == "job j is not finished"
    assert numbers(choice.freed) == [1]


def test_the_only_version_is_never_freed():
    assert choose([version(1)], keep=0, aliases={}, before=None, jobs=[]).freed == []


def test_nobody_needs_the_newest_if_a_champion_serves():
    choice = choose(newest_first(3), keep=0, aliases={"champion": 2}, before=None, jobs=[])

    assert list(choice.kept) == [2]
    assert numbers(choice.freed) == [3, 1]


def test_what_was_pruned_counts_for_nothing():
    versions = [
        version(5, pruned=True),
        version(4),
        version(3, pruned=True),
        version(2),
        version(1),
    ]

    choice = choose(versions, keep=2, aliases={"champion": 4}, before=3, jobs=[])

    assert choice.kept == {4: "champion", 2: "among the newest 2"}
    assert numbers(choice.freed) == [1]


@settings(deadline=None)
@given(
    pruned=st.lists(st.booleans(), max_size=12),
    keep=st.integers(0, 6),
    aliases=st.dictionaries(st.sampled_from(["champion", "challenger"]), st.integers(1, 12)),
    before=st.none() | st.integers(1, 12),
)
def test_every_version_is_kept_or_freed_and_never_all_are_freed(pruned, keep, aliases, before):
    versions = [version(n, pruned=gone) for n, gone in enumerate(pruned, start=1)][::-1]
    present = {one.number for one in versions if one.pruned_at is None}

    choice = choose(versions, keep=keep, aliases=aliases, before=before, jobs=[])

    freed = set(numbers(choice.freed))
    assert freed | set(choice.kept) == present
    assert not freed & set(choice.kept)
    assert not freed & {*aliases.values(), before}
    assert bool(choice.kept) == bool(present)
    assert len(choice.kept) >= min(keep, len(present))


@pytest.fixture
def retention(container):
    return Retention(container.registry, container.stores.jobs, container.artefacts)


def answering(number):
    """Return what declares a service that needs no training."""
    return {"algorithm": "constant", "parameters": {"output": {"y": float(number)}}}


@pytest.fixture
def six(container, make):
    """Six versions of the service `value`, the last one champion and the fifth before it."""
    for number in range(6):
        made = make(**answering(number))
    assert made.number == 6
    return container.registry.versions("default", "value")


def stored(container, versions):
    """Return the numbers of the versions whose files are there."""
    return {one.number for one in versions if container.artefacts.size(one.digest)}


def test_planning_changes_nothing_and_says_what_would_go(container, retention, six):
    plan = retention.plan("default", "value", keep=1)

    assert [one.version.number for one in plan.freed] == [4, 3, 2, 1]
    assert plan.kept == {6: "champion", 5: "the champion before, to roll back to"}
    assert plan.bytes == sum(container.artefacts.size(one.digest) for one in six[2:]) > 0
    assert stored(container, six) == {1, 2, 3, 4, 5, 6}
    assert retention.plan("default", "value", keep=1) == plan


def test_pruning_frees_what_was_planned_and_once(container, retention, six):
    plan = retention.plan("default", "value", keep=1)
    with capture_logs() as logs:
        done = retention.prune("default", "value", keep=1)

    assert [(one.version.number, one.bytes) for one in done.freed] == [
        (one.version.number, one.bytes) for one in plan.freed
    ]
    assert stored(container, six) == {5, 6}
    assert [e["version"] for e in logs if e["event"] == "version.pruned"] == [4, 3, 2, 1]
    assert sum(e["bytes"] for e in logs if e["event"] == "artefact.deleted") == done.bytes
    assert retention.prune("default", "value", keep=1).freed == []
    with pytest.raises(Conflict):
        container.registry.promote("default", "value", 1, author="tests")
    assert container.registry.rollback("default", "value", author="tests").number == 5


def test_nothing_that_serves_is_disturbed(container, retention, six):
    container.live.refresh()

    retention.prune("default", "value", keep=1)

    assert not container.live.refresh()
    assert container.live.find("default", "value").ready


def test_the_version_to_roll_back_to_is_one_that_may_serve(container, retention, six):
    container.registry.quarantine("default", "value", 5, author="tests", reason="bad")

    plan = retention.plan("default", "value", keep=1)

    assert set(plan.kept) == {6, 4}
    assert 5 in {one.version.number for one in plan.freed}


def test_what_an_unfinished_job_needs_is_kept_until_it_ends(container, retention, six):
    container.stores.jobs.submit(new_job("waiting", version=2))
    container.stores.jobs.submit(new_job("running", version=3))
    lease = Lease("token", "tests", datetime(2100, 1, 1, tzinfo=UTC))
    assert container.stores.leases.claim("running", lease, NOW)

    assert {2, 3} <= set(retention.plan("default", "value", keep=1).kept)

    container.stores.jobs.cancel("default", "waiting", NOW)
    container.stores.leases.finish("running", "token", Ending(JobState.SUCCEEDED), NOW)
    assert set(retention.plan("default", "value", keep=1).kept) == {6, 5}


class Killed(BaseException):
    """The process ends here."""


class Dying:
    """An artefact store whose process is killed at the n-th deletion."""

    def __init__(self, store, after):
        self.store, self.after = store, after
        self.size = store.size

    def delete(self, digest):
        if not self.after:
            raise Killed
        self.after -= 1
        self.store.delete(digest)


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_run_that_was_killed_is_finished_by_the_next(container, retention, six, after):
    with pytest.raises(Killed):
        replace(retention, artefacts=Dying(container.artefacts, after)).prune(
            "default", "value", keep=1
        )
    left = stored(container, six) - {5, 6}
    assert len(left) == 4 - after
    assert {one.version.number for one in retention.plan("default", "value", keep=1).freed} == left

    done = retention.prune("default", "value", keep=1)

    assert {one.version.number for one in done.freed} == left
    assert stored(container, six) == {5, 6}


def test_a_store_that_is_away_frees_nothing_and_the_next_run_does(container, retention, six):
    class Away(Dying):
        def delete(self, digest):
            raise Unavailable("away")

    with pytest.raises(Unavailable):
        replace(retention, artefacts=Away(container.artefacts, 0)).prune("default", "value", keep=1)

    assert retention.prune("default", "value", keep=1).bytes > 0
    assert stored(container, six) == {5, 6}


def test_files_that_another_tenant_serves_from_stay(container, retention, six):
    registry = container.registry
    shared = six[-1]
    declaration = declaration_of(**answering(0))
    configuration = registry.declare("other", declaration, "tests")
    container.versioning.make(configuration, job_id=None, author="tests", progress=silent)
    assert registry.version("other", "value", 1).digest == shared.digest

    done = retention.prune("default", "value", keep=1)

    assert {one.version.number: bool(one.bytes) for one in done.freed} == {
        4: True, 3: True, 2: True, 1: False,
    }  # fmt: skip
    assert stored(container, six) == {1, 5, 6}
    assert registry.promote("other", "value", 1, author="tests").number == 1


def test_a_pruned_version_that_is_trained_again_is_there_again(container, retention, six, make):
    retention.prune("default", "value", keep=1)

    again = make(**answering(0))

    assert again.number == 1
    assert again.pruned_at is None
    assert container.registry.aliases("default", "value")["champion"] == 1


def test_a_service_that_is_not_there_is_named(retention):
    with pytest.raises(NotFound, match="'nothing'"):
        retention.prune("default", "nothing")
