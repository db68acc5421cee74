"""Answered calls are told to plugins in the background, many at a time, each call once."""

import threading

from hooked import AFTER, BUDGETS, SHORT, always, call, catalogue
from structlog.testing import capture_logs

from minerva.events import PredictOutcome
from minerva.layers.abstraction.callbacks.callbacks import Callbacks
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.plugins.plugin import Hook, Plugin


def test_a_hook_is_given_what_it_names_only(opened):
    heard = []

    def hear(outcome):
        heard.append(outcome)

    hook = Hook("a", AFTER, hear, ("outcome",), False, False)
    plugins = Catalogue.of([Plugin("a", "workspace", hooks=(hook,))])
    callbacks = Callbacks(always(plugins), BUDGETS)

    callbacks(AFTER, call=call({}), outcome=PredictOutcome(version="1"))

    assert callbacks.close(60)
    assert [outcome.version for outcome in heard] == ["1"]


def test_answered_calls_are_told_each_in_order(opened):
    heard = []
    callbacks = opened(a=(AFTER, lambda call, outcome: heard.append(outcome.version)))

    for version in range(50):
        callbacks(AFTER, call=call({}), outcome=PredictOutcome(version=str(version)))

    assert callbacks.close(60)
    assert heard == [str(version) for version in range(50)]


def test_a_call_that_fails_a_hook_does_not_keep_it_from_the_next(opened):
    heard = []

    def hear(call, outcome):
        heard.append(outcome.version)
        if int(outcome.version) % 2:
            raise ValueError("odd")

    callbacks = opened(a=(AFTER, hear))
    for version in range(20):
        callbacks.answered(call({}), PredictOutcome(version=str(version)))

    assert callbacks.close(60)
    assert heard == [str(version) for version in range(20)]
    assert callbacks.wants(AFTER)


def test_a_hook_that_fails_at_five_calls_in_a_row_hears_of_no_more(opened):
    heard, good = [], []

    def hear(call, outcome):
        heard.append(outcome.version)
        if int(outcome.version) > 2:
            raise ValueError("could not")

    callbacks = opened(a=(AFTER, hear), b=(AFTER, lambda call, outcome: good.append(1)))
    for version in range(20):
        callbacks.answered(call({}), PredictOutcome(version=str(version)))

    assert callbacks.close(60)
    assert heard == [str(version) for version in range(8)]
    assert len(good) == 20


def test_calls_after_one_that_hangs_are_told_once(opened):
    release, heard = threading.Event(), []

    def hear(call, outcome):
        heard.append(outcome.version)
        if outcome.version == "1":
            release.wait(60)

    callbacks = opened(SHORT, a=(AFTER, hear))
    for version in range(4):
        callbacks.answered(call({}), PredictOutcome(version=str(version)))
    assert callbacks.close(60)
    release.set()

    assert sorted(heard) == ["0", "1", "2", "3"]


def test_calls_that_come_too_fast_are_left_out_and_counted(opened):
    entered, release, heard = threading.Event(), threading.Event(), []

    def hear(call, outcome):
        entered.set()
        release.wait(60)
        heard.append(len(call.records))

    callbacks = Callbacks(always(catalogue(a=(AFTER, hear))), BUDGETS)
    big = call(*[{}] * 30_000)
    callbacks.answered(big, PredictOutcome())
    assert entered.wait(60)
    with capture_logs() as events:
        for _ in range(3):
            callbacks.answered(big, PredictOutcome())
        release.set()
        assert callbacks.close(60)

    assert heard == [30_000, 30_000]
    assert [(e["event"], e["what"], e["count"]) for e in events] == [("hook.dropped", "calls", 2)]
