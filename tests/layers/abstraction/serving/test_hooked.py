"""Plugins around a prediction: they complete, look on, and change nothing else."""

from dataclasses import dataclass, field

import pytest

from minerva.errors import InvalidInput, NotFound
from minerva.events import PredictCall, PredictOutcome
from minerva.layers.abstraction.serving.hooked import AFTER, BEFORE, HookedPredictor
from minerva.layers.abstraction.serving.question import Answer, Question


@dataclass
class Hooks:
    """Plugins that want what they are told to, add `z`, and remember what they were told."""

    wanted: tuple[str, ...]
    told: list[tuple[PredictCall, PredictOutcome]] = field(default_factory=list)

    def wants(self, hook):
        return hook in self.wanted

    def enrich(self, call):
        return [{**record, "z": 1} for record in call.records]

    def answered(self, call, outcome):
        self.told.append((call, outcome))


@dataclass
class Inner:
    """Answers with what it was asked, or fails."""

    error: Exception | None = None
    asked: list[Question] = field(default_factory=list)
    spent: list[float] = field(default_factory=list)

    def predict(self, tenant, service, question, *, spent_s=0.0):
        self.asked.append(question)
        self.spent.append(spent_s)
        if self.error:
            raise self.error
        return Answer([{"y": 1}], service, "3", degraded=False, job_id=None)


def test_where_no_plugin_listens_the_question_passes_as_it_is():
    inner, question = Inner(), Question([{"x": 1}])

    HookedPredictor(inner, Hooks(())).predict("acme", "churn", question)

    assert inner.asked == [question]
    assert inner.spent == [0.0]


def test_records_are_completed_and_the_time_counts_for_the_deadline():
    inner = Inner()

    HookedPredictor(inner, Hooks((BEFORE,))).predict("acme", "churn", Question([{"x": 1}], None))

    assert inner.asked[0].records == [{"x": 1, "z": 1}]
    assert inner.spent[0] > 0


def test_a_question_by_key_is_not_completed():
    inner, question = Inner(), Question(keys=["c-1"])

    HookedPredictor(inner, Hooks((BEFORE, AFTER))).predict("acme", "churn", question)

    assert inner.asked == [question]


def test_plugins_hear_of_the_answer():
    hooks = Hooks((AFTER,))

    HookedPredictor(Inner(), hooks).predict("acme", "churn", Question([{"x": 1}]))

    ((call, outcome),) = hooks.told
    assert (call.tenant, call.service, call.records) == ("acme", "churn", [{"x": 1}])
    assert (outcome.version, [*outcome.predictions], outcome.code) == ("3", [{"y": 1}], None)
    assert outcome.seconds > 0


def test_plugins_hear_of_an_error_which_the_caller_gets_all_the_same():
    hooks = Hooks((AFTER,))

    with pytest.raises(InvalidInput):
        HookedPredictor(Inner(InvalidInput("no")), hooks).predict("a", "s", Question([{}]))
    assert hooks.told[0][1].code == "invalid_input"


def test_a_default_is_told_as_one_with_what_it_stands_for():
    hooks = Hooks((AFTER,))

    class Degraded(Inner):
        def predict(self, tenant, service, question, *, spent_s=0.0):
            return Answer([], service, "3", degraded=True, job_id=None, code="algorithm_failed")

    HookedPredictor(Degraded(), hooks).predict("a", "s", Question([{}]))

    outcome = hooks.told[0][1]
    assert (outcome.degraded, outcome.version, outcome.code) == (True, None, "algorithm_failed")


def test_plugins_hear_nothing_of_services_that_are_none():
    hooks = Hooks((AFTER,))

    with pytest.raises(NotFound):
        HookedPredictor(Inner(NotFound("no")), hooks).predict("a", "made up", Question([{}]))
    assert hooks.told == []
