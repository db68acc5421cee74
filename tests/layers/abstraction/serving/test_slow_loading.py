"""A version that takes minutes to load keeps nobody waiting, its own service least of all."""

import gc
import weakref

import pytest
from structlog.testing import capture_logs
from tiny import events_of
from waiting import wait_until

from minerva.errors import Unavailable
from minerva.layers.abstraction.registry.records import CHALLENGER
from minerva.layers.abstraction.serving.live import LiveServices
from minerva.layers.abstraction.serving.question import Question
from minerva.layers.abstraction.serving.terms import Terms

SLOW = {"algorithm": "misbehaving", "parameters": {"load": "wait"}}


@pytest.fixture
def go_on(workspace):
    """While this file is there, nothing is slow."""
    file = workspace / "go on"
    file.touch()
    yield file
    file.touch()


@pytest.fixture
def make_slow(workspace, make, go_on):
    """Make a version that cannot be loaded from now on until the file is there."""

    def made(name="value", **parts):
        go_on.touch()
        version = make(name, **SLOW, **parts)
        go_on.unlink()
        (workspace / "started").unlink(missing_ok=True)
        return version

    return made


@pytest.fixture
def live(container):
    """What the process serves; a version is tried again at once."""
    container.live.retry_after_s = 0
    yield container.live
    wait_until(lambda: not container.live._arrivals.on_their_way())


def number(live: LiveServices, service: str) -> int | None:
    """Return the version that answers."""
    version = live.find("default", service).version
    return None if version is None else version.number


def problem(live: LiveServices, service: str) -> str | None:
    """Return what is told of a service."""
    return live.find("default", service).problem


def test_meanwhile_others_are_promoted_and_rolled_back_by_the_next_look(
    container, live, make, make_slow, go_on, workspace
):
    for shift in (0.0, 1.0):
        make("other", parameters={"shift": shift})
        live.refresh()
    make_slow("slow")
    live.refresh(0)
    wait_until((workspace / "started").exists)

    container.registry.rollback("default", "other", author="tests")
    live.refresh(0)
    rolled_back = number(live, "other")
    container.registry.promote("default", "other", 2, author="tests")
    live.refresh(0)

    assert (rolled_back, number(live, "other"), number(live, "slow")) == (1, 2, None)
    make("other", parameters={"shift": 2.0})
    live.refresh(0)
    wait_until(lambda: number(live, "other") == 3)
    assert problem(live, "slow") == "Version 1 is being prepared."
    go_on.touch()
    wait_until(lambda: number(live, "slow") == 1)
    assert problem(live, "slow") is None


def test_a_process_is_not_ready_before_its_first_versions_are_proven(live, make_slow, go_on):
    make_slow()
    live.refresh(0)

    assert not live.readiness().ready
    assert live.readiness().services[0]["problem"] == "Version 1 is being prepared."
    go_on.touch()
    wait_until(lambda: live.readiness().ready)
    assert not live.refresh()


def test_the_version_before_serves_meanwhile_and_the_new_one_is_swapped_in_when_ready(
    container, live, make, make_slow, go_on
):
    make()
    live.refresh()
    make_slow()
    live.refresh(0)

    answer = container.predictor.predict("default", "value", Question([{"x": 1}]))

    assert (answer.version, answer.degraded) == ("1", False)
    assert live.readiness().ready
    assert live.find("default", "value").to_json()["champion"] == "2"
    go_on.touch()
    wait_until(lambda: number(live, "value") == 2)
    assert live.find("default", "value").former.version.number == 1


def test_a_rollback_meanwhile_is_served_at_once_and_what_arrives_late_is_let_go(
    container, live, make, make_slow, go_on
):
    make()
    live.refresh()
    late = make_slow()
    live.refresh(0)
    (arrival,) = live._arrivals.on_their_way()

    container.registry.rollback("default", "value", author="tests")
    live.refresh(0)
    seen = number(live, "value"), problem(live, "value"), live.readiness().ready
    with capture_logs() as events:
        go_on.touch()
        assert arrival.ended.wait(60)

    assert seen == (1, None, True)
    assert number(live, "value") == 1
    assert not live.holds(late, Terms())
    assert events_of(events, "version.loaded") == []
    loaded = weakref.ref(arrival.outcome)
    del arrival

    def let_go():  # once its thread has ended
        gc.collect()
        return loaded() is None

    wait_until(let_go)


def test_another_promotion_meanwhile_does_not_wait_for_the_one_before(
    live, make, make_slow, workspace
):
    make()
    live.refresh()
    make_slow()
    live.refresh(0)
    wait_until((workspace / "started").exists)

    make(parameters={"shift": 1.0})
    live.refresh(0)

    wait_until(lambda: number(live, "value") == 3)
    assert live.find("default", "value").problem is None


def test_a_slow_challenger_does_not_hold_up_the_champion(
    container, live, make, make_slow, go_on, workspace
):
    make()
    make_slow(training={"promote": False})
    go_on.touch()  # it is proven before it is promoted
    container.registry.promote("default", "value", 2, alias=CHALLENGER, share=50, author="tests")
    go_on.unlink()
    (workspace / "started").unlink()
    live.refresh(0)
    wait_until(lambda: number(live, "value") == 1)
    wait_until((workspace / "started").exists)

    make(parameters={"shift": 1.0})
    live.refresh(0)

    wait_until(lambda: number(live, "value") == 3)
    challenger = live.find("default", "value").challenger
    assert (challenger.loaded, challenger.problem) == (None, "Version 2 is being prepared.")


def test_a_challenger_under_new_terms_goes_on_until_it_is_loaded_anew(
    container, live, make, make_slow, go_on, declare
):
    make()
    make_slow(training={"promote": False})
    go_on.touch()
    container.registry.promote("default", "value", 2, alias=CHALLENGER, share=100, author="tests")
    live.refresh()
    go_on.unlink()

    declare("value", **SLOW, serving={"deadline_ms": 60_000})
    live.refresh(0)
    answer = container.predictor.predict("default", "value", Question([{"id": "c", "x": 1}]))

    assert answer.version == "2"
    assert live.find("default", "value").challenger.problem == "Version 2 is being prepared."
    go_on.touch()
    wait_until(lambda: live.find("default", "value").whole)


def test_looking_again_does_not_load_it_twice(live, make_slow, go_on, declare, workspace):
    make_slow("slow")
    with capture_logs() as events:
        live.refresh(0)
        for words in ("a", "b", "c"):
            declare("other", description=words)
            live.refresh(0)
        arrivals = len(live._arrivals.on_their_way())
        go_on.touch()
        live.refresh()

    assert arrivals == 1
    assert len(events_of(events, "version.loaded")) == 1


def test_a_service_that_had_nothing_says_that_it_is_being_prepared(container, live, make_slow):
    make_slow(serving={"deadline_ms": 50})
    live.refresh(0)

    with pytest.raises(Unavailable, match="Version 1 is being prepared"):
        container.predictor.predict("default", "value", Question([{"x": 1}]))


def test_its_declared_default_is_answered_meanwhile(container, live, make_slow):
    make_slow(serving={"deadline_ms": 50, "default": {"y": 7.0}})
    live.refresh(0)

    answer = container.predictor.predict("default", "value", Question([{"x": 1}]))

    assert (answer.predictions, answer.degraded) == ([{"id": None, "y": 7.0}], True)


def test_a_call_waits_for_a_first_version_that_was_asked_for_a_moment_ago(container, make):
    make()
    container.live.refresh(0)

    answer = container.predictor.predict("default", "value", Question([{"x": 1}]))

    assert answer.version == "1"


def test_what_could_not_be_loaded_is_told_until_it_is_loaded(
    container, live, make_slow, go_on, workspace
):
    version = make_slow()
    go_on.touch()
    model = container.artefacts.fetch(version.digest) / "model" / "model.json"
    whole = model.read_text()
    model.chmod(0o600)
    model.write_text("{")
    with capture_logs() as events:
        live.refresh()
        refused = problem(live, "value")
        model.write_text(whole)
        go_on.unlink()
        live.refresh(0)
        wait_until((workspace / "started").exists)
        meanwhile = problem(live, "value")
        go_on.touch()
        live.refresh()

    assert refused.startswith("Version 1 cannot be served: ")
    assert meanwhile == refused
    assert problem(live, "value") is None
    assert len(events_of(events, "version.refused")) == 1
