"""Calling plugins' hooks: in order, in time, and none able to harm another."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from hooked import BEFORE, BUDGETS, DRIFT, DRIFTED, SHORT, call, catalogue, failing, names
from structlog.testing import capture_logs
from waiting import wait_until

from minerva.events import Drift
from minerva.layers.abstraction.callbacks.callbacks import Callbacks
from minerva.layers.abstraction.plugins.catalogue import Catalogue, Plugins


def test_records_are_completed_by_one_plugin_after_the_other(opened):
    callbacks = opened(
        a=(BEFORE, lambda call: [{**record, "a": 1} for record in call.records]),
        b=(BEFORE, lambda call: None),
        c=(BEFORE, lambda call: [{**record, "c": record["a"] + 1} for record in call.records]),
    )

    assert callbacks.enrich(call({"x": 0}, {"x": 1})) == [
        {"x": 0, "a": 1, "c": 2}, {"x": 1, "a": 1, "c": 2},
    ]  # fmt: skip


def test_without_a_plugin_the_records_stay_the_very_same(opened):
    asked = call({"x": 0})

    assert opened().enrich(asked) is asked.records


@pytest.mark.parametrize(
    "returned",
    [[], [{}, {}], {"x": 1}, "x", 5, (record for record in [{}])],
    ids=["none", "more", "object", "text", "number", "generator"],
)
def test_what_is_no_answer_to_the_records_leaves_them_as_they_were(opened, returned):
    callbacks = opened(bad=(BEFORE, lambda call: returned))

    with capture_logs() as events:
        assert callbacks.enrich(call({"x": 0})) == ({"x": 0},)

    assert [(e["event"], e["plugin"], e["hook"]) for e in events] == [
        ("hook.failed", "bad", BEFORE)
    ]


def test_a_hook_that_changes_records_and_then_fails_changes_nothing(opened):
    def spoil(call):
        call.records[0]["x"] = "spoilt"
        raise ValueError("could not")

    asked = call({"x": 0}, ["no object"])

    assert opened(bad=(BEFORE, spoil)).enrich(asked) == ({"x": 0}, ["no object"])


@pytest.mark.parametrize(
    "error", [ValueError("x"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()]
)
def test_whatever_a_hook_raises_harms_no_other(opened, error):
    def fail(call):
        raise error

    callbacks = opened(bad=(BEFORE, fail), good=(BEFORE, lambda call: [{"good": True}]))

    with capture_logs() as events:
        assert callbacks.enrich(call({})) == [{"good": True}]

    assert names(events) == ["hook.failed"]


def test_a_hook_that_takes_too_long_is_not_waited_for(opened):
    release = threading.Event()
    callbacks = opened(SHORT, slow=(BEFORE, lambda call: release.wait(60) and [{"x": 1}]))

    with capture_logs() as events:
        assert callbacks.enrich(call({"x": 0})) == ({"x": 0},)
    release.set()

    assert names(events) == ["hook.overran"]


def test_a_hook_knows_the_context_of_its_call(opened):
    seen = {}
    callbacks = opened(
        a=(BEFORE, lambda call: seen.update(structlog.contextvars.get_contextvars()))
    )

    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        callbacks.enrich(call({}))

    assert seen["request_id"] == "r-1"


def test_five_failures_in_a_row_switch_a_predict_hook_off(opened):
    calls = []

    def fail(call):
        calls.append(call)
        raise ValueError("could not")

    callbacks = opened(bad=(BEFORE, fail))
    with capture_logs() as events:
        for _ in range(7):
            callbacks.enrich(call({}))

    assert len(calls) == 5
    assert not callbacks.wants(BEFORE)
    assert names(events) == ["hook.failed", "hook.switched_off"]
    assert [fault.where for fault in callbacks.problems()] == ["bad"]
    assert BEFORE in callbacks.problems()[0].message


def test_a_success_between_failures_keeps_a_hook_on(opened):
    answers = iter([1, 1, 1, 1, 0, 1, 1, 1, 1, 0])
    callbacks = opened(moody=(BEFORE, lambda call: failing() if next(answers) else None))

    for _ in range(10):
        callbacks.enrich(call({}))

    assert callbacks.wants(BEFORE)
    assert callbacks.problems() == []


def test_a_changed_plugin_is_switched_on_again():
    present = {"catalogue": catalogue(bad=(BEFORE, failing))}
    callbacks = Callbacks(lambda: present["catalogue"], BUDGETS)
    for _ in range(5):
        callbacks.enrich(call({}))
    assert not callbacks.wants(BEFORE)

    present["catalogue"] = catalogue(bad=(BEFORE, lambda call: [{"mended": True}]))

    assert callbacks.enrich(call({})) == [{"mended": True}]
    assert callbacks.problems() == []


def test_another_plugins_change_switches_nothing_on():
    bad = catalogue(bad=(BEFORE, failing)).plugins
    present = {"catalogue": Catalogue.of(bad)}
    callbacks = Callbacks(lambda: present["catalogue"], BUDGETS)
    for _ in range(5):
        callbacks.enrich(call({}))

    present["catalogue"] = Catalogue.of([*bad, *catalogue(new=(DRIFT, failing)).plugins])

    assert callbacks.wants(DRIFT)
    assert not callbacks.wants(BEFORE)


def test_one_failure_a_minute_is_logged(opened, clock):
    callbacks = opened(bad=(DRIFT, failing))

    def tell(times):
        with capture_logs() as events:
            for _ in range(times):
                callbacks(DRIFT, drift=DRIFTED)
            assert callbacks.flush(60)
        return [(event["event"], event["not_logged_before"]) for event in events]

    assert tell(4) == [("hook.failed", 0)]
    clock.now += 59
    assert tell(1) == []
    clock.now += 2
    assert tell(1) == [("hook.failed", 4)]


def test_events_are_told_in_the_background_in_order(opened):
    threads, heard = set(), []

    def hear(drift):
        threads.add(threading.current_thread())
        heard.append(drift.version)

    callbacks = opened(a=(DRIFT, hear))
    for version in range(10):
        callbacks(DRIFT, drift=Drift(**{**fields(DRIFTED), "version": version}))

    assert callbacks.flush(60)
    assert heard == list(range(10))
    assert threading.main_thread() not in threads


def fields(drift: Drift) -> dict:
    """Return a struct's fields."""
    return {name: getattr(drift, name) for name in drift.__struct_fields__}


def test_nobody_waits_for_an_event_that_hangs(opened):
    release, heard = threading.Event(), []
    callbacks = opened(
        SHORT,
        slow=(DRIFT, lambda drift: release.wait(60)),
        good=(DRIFT, lambda drift: heard.append(1)),
    )

    with capture_logs() as events:
        callbacks(DRIFT, drift=DRIFTED)
        assert callbacks.flush(60)
    release.set()

    wait_until(lambda: heard == [1])
    assert names([event for event in events if event["plugin"] == "slow"]) == ["hook.overran"]


def test_a_hook_that_never_ends_is_not_waited_for_at_the_end(opened):
    release = threading.Event()
    callbacks = opened(
        a=(DRIFT, lambda drift: release.wait(20)), b=(DRIFT, lambda drift: release.wait(20))
    )
    callbacks(DRIFT, drift=DRIFTED)

    assert not callbacks.close(0.1)
    release.set()


def test_events_that_nobody_wants_are_not_kept(opened):
    callbacks = opened()

    callbacks(DRIFT, drift=DRIFTED)
    callbacks("minerva_version_promoted", change=datetime.now(UTC))

    assert callbacks.flush(0)
    assert not callbacks.wants(DRIFT)


def test_what_is_told_after_the_end_is_delivered_too(opened):
    heard = []
    callbacks = opened(a=(DRIFT, lambda drift: heard.append(1)))
    callbacks.close(60)

    callbacks(DRIFT, drift=DRIFTED)

    assert callbacks.flush(60)
    assert heard == [1]


def test_hooks_of_a_plugin_in_a_file_are_called(tmp_path):
    (tmp_path / "plugins").mkdir()
    file = Path(tmp_path / "plugins" / "mine.py")
    text = "from minerva import hookimpl\n@hookimpl\ndef minerva_before_predict(call): return [{0}]"
    file.write_text(text.format(1))
    plugins = Plugins(tmp_path)
    callbacks = Callbacks(plugins, BUDGETS)
    assert callbacks.enrich(call({})) == [1]

    file.write_text(text.format(2))
    plugins.refresh()

    assert callbacks.enrich(call({})) == [2]
