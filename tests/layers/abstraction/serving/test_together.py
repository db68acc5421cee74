"""Which calls may be asked of a model at once, and that each gets its own part of the answer."""

from contextvars import Context
from dataclasses import replace

import numpy as np
import pytest

from minerva.errors import AlgorithmFailed, InvalidInput
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.abstraction.serving.together import Call, at_once, caught, only
from minerva.layers.abstraction.serving.wishes import Wishes

TREES = {"n_estimators": 30, "early_stopping_rounds": 0}


@pytest.fixture
def live(make, container):
    """A service of trees, whose twin answers some records at once as it answers each."""
    made = make("value", "xgboost.regressor", parameters=TREES)
    container.live.refresh()
    live = container.live.find("default", "value")
    assert live.loaded.version.number == made.number
    assert live.loaded.most_together >= 1
    return replace(live, loaded=replace(live.loaded, most_together=50))


def question(live, *values, **changes):
    """Return what a body with one field is read as."""
    rows = [{"id": f"c-{value}", "x": value} for value in values]
    batch = live.loaded.decoder.records(rows)
    return replace(Question(rows, batch=batch), **changes)


def calls(*questions):
    return [Call(one, Context()) for one in questions]


def test_each_call_has_its_own_records(live):
    batches = at_once(live, calls(question(live, 1, 2), question(live, 3)))

    assert [len(batch) for batch in batches] == [2, 1]


SINGLE = {
    "a version": {"version": 1},
    "a wish": {"wishes": Wishes(explain="/explain")},
    "keys": {"records": None, "keys": ["c-1"], "batch": None},
    "records that must be read": {"batch": None},
}


@pytest.mark.parametrize("change", SINGLE.values(), ids=SINGLE)
def test_a_call_that_asks_for_more_is_asked_alone(live, change):
    assert at_once(live, calls(question(live, 1), question(live, 2, **change))) is None


def test_records_of_another_schema_are_asked_alone(live, make, container):
    other = question(live, 1)
    other = replace(other, batch=replace(other.batch, schema=replace(live.schema)))

    assert at_once(live, calls(question(live, 1), other)) is None


@pytest.mark.parametrize(
    "serving", [{"deadline_ms": 1000}, {"max_concurrency": 5}, {"batching": {"max_batch": 8}}]
)
def test_a_service_with_a_deadline_or_a_bound_is_asked_call_by_call(make, container, serving):
    make("value", "xgboost.regressor", parameters=TREES, serving=serving)
    container.live.refresh()
    live = container.live.find("default", "value")

    assert at_once(live, calls(question(live, 1), question(live, 2))) is None


@pytest.mark.parametrize("beside", ["challenger", "shadow"])
def test_a_service_with_another_version_beside_is_asked_call_by_call(live, beside):
    assert at_once(replace(live, **{beside: object()}), calls(question(live, 1))) is None


def test_no_more_records_than_the_twin_answers(live):
    assert at_once(live, calls(*[question(live, 1)] * 50)) is not None
    assert at_once(live, calls(*[question(live, 1)] * 51)) is None


def test_a_model_that_does_not_say_so_is_asked_call_by_call(make, container):
    make("value", "linear")
    container.live.refresh()
    live = container.live.find("default", "value")

    assert live.loaded.most_together == 0
    assert at_once(live, calls(question(live, 1), question(live, 2))) is None


def test_the_answers_are_bit_by_bit_those_that_each_gets_alone(live, container):
    generator = np.random.default_rng(7)
    asked = [
        question(live, *generator.integers(0, 9, generator.integers(1, 6)).tolist())
        for _ in range(12)
    ]

    together = container.predictor.together("default", "value", calls(*asked))

    alone = [container.predictor.predict("default", "value", one) for one in asked]
    assert [one.outcome.predictions for one in together] == [one.predictions for one in alone]
    assert [one.outcome.version for one in together] == ["1"] * 12
    assert len({one.seconds for one in together}) == 1


def test_what_goes_wrong_with_one_call_is_its_own(live, container):
    wrong = Question([{"id": "c-1", "x": "no number"}])

    first, second = container.predictor.together(
        "default", "value", calls(question(live, 1), wrong)
    )

    assert isinstance(first.outcome, Answer)
    assert isinstance(second.outcome, InvalidInput)


@pytest.mark.parametrize("said", ["many", -1, True, 2.5])
def test_a_model_that_says_no_number_is_not_served(make, container, workspace, said):
    (plugin,) = (workspace / "plugins").glob("linear.py")
    code = plugin.read_text()
    before = "\n    def predict(self, batch):\n"
    assert before in code
    plugin.write_text(code.replace(before, f"\n    most_together = {said!r}\n{before}"))
    container.catalogue.refresh()

    with pytest.raises(AlgorithmFailed, match="`most_together`"):
        make("value", "linear")


def test_work_that_raises_is_caught_with_its_error():
    assert caught(lambda: 3) == 3
    assert isinstance(caught(lambda: 1 / 0), ZeroDivisionError)
    assert only([3]) == 3
    with pytest.raises(ZeroDivisionError):
        only([ZeroDivisionError()])
