"""A question in columns is answered as the same question in records, by everyone who takes part."""

from dataclasses import replace

import numpy as np
import pytest
from tiny import SCHEMA
from waiting import wait_until

from minerva.errors import InvalidInput
from minerva.events import PredictCall, PredictOutcome
from minerva.layers.abstraction.registry.records import CHALLENGER, SHADOW
from minerva.layers.abstraction.serving.hooked import AFTER, BEFORE, HookedPredictor
from minerva.layers.abstraction.serving.question import Question

IDS = np.array(["a", "b", "c"], dtype=object)
COLUMNS = {"id": IDS, "x": np.array([1, 2, 3])}
RECORDS = [{"id": "a", "x": 1}, {"id": "b", "x": 2}, {"id": "c", "x": 3}]


@pytest.fixture
def ask(container):
    """Ask the service `value`."""

    def asked(question):
        container.live.refresh()
        return container.predictor.predict("default", "value", question)

    return asked


def test_columns_are_answered_as_records_are(make, ask):
    make()

    by_columns, by_records = ask(Question(columns=COLUMNS)), ask(Question(RECORDS))

    assert by_columns.predictions == by_records.predictions
    assert replace(by_columns, content=[]) == replace(by_records, content=[])


def test_what_does_not_fit_is_placed_as_the_protocol_says(make, ask):
    make()
    question = Question(
        columns={"x": np.array([1, -1])}, where=lambda name, row: f"/{name}/data/{row}"
    )

    with pytest.raises(InvalidInput) as caught:
        ask(question)

    assert [fault.where for fault in caught.value.faults] == ["/x/data/1"]


def test_the_declared_default_stands_for_columns_too(container, make, ask):
    later, default = {"predict": "moody_later"}, {"default": {"y": 0}}
    make("value", "misbehaving", parameters=later, serving=default)
    container.live.refresh()
    (container.loaded.workspace / "worse").write_text("")

    answer = ask(Question(columns=COLUMNS))

    assert answer.degraded
    assert answer.predictions == [{"id": key, "y": 0} for key in IDS]


@pytest.fixture
def wider(container, make):
    """Make version 2, which takes one input more than version 1, and give it an alias."""

    def made(alias, share=None):
        make()
        inputs = {**SCHEMA["inputs"], "z": {"type": "number", "default": 1}}
        (container.loaded.workspace / "data.csv").write_text(
            "id,x,email,y,z\n" + "a,1,,3,1\nb,2,,6,1\n" * 20
        )
        make(schema={**SCHEMA, "inputs": inputs}, training={"promote": False})
        container.registry.promote("default", "value", 2, alias=alias, share=share, author="tests")

    return made


def test_a_challenger_with_other_inputs_reads_them_too(wider, ask):
    wider(CHALLENGER, 100)

    answer = ask(Question(columns=COLUMNS))

    assert answer.version == "2"
    assert [row["y"] for row in answer.predictions] == pytest.approx([3.0, 6.0, 9.0])


def test_a_shadow_with_other_inputs_reads_them_too(wider, container, ask):
    wider(SHADOW)

    ask(Question(columns=COLUMNS))

    digest = container.live.find("default", "value").shadow.loaded.version.digest
    tally = wait_until(lambda: (one := container.shadows.tally(digest)).asked and one)
    assert (tally.rows, tally.agreed, tally.failed) == (3, 0, 0)


class Hooks:
    """Plugins that want what they are told to, set `x` to 5, and remember what they were told."""

    def __init__(self, *wanted: str) -> None:
        self.wanted = wanted
        self.told: list[tuple[PredictCall, PredictOutcome]] = []

    def wants(self, hook):
        return hook in self.wanted

    def enrich(self, call):
        return [{**record, "x": 5} for record in call.records]

    def answered(self, call, outcome):
        self.told.append((call, outcome))


def test_plugins_complete_the_records_that_columns_stand_for(container, make):
    make()
    container.live.refresh()
    predictor = HookedPredictor(container.predictor.inner, Hooks(BEFORE))

    answer = predictor.predict("default", "value", Question(columns=COLUMNS))

    assert [row["y"] for row in answer.predictions] == pytest.approx([10.0] * 3)
    assert [row["id"] for row in answer.predictions] == [*IDS]


def test_plugins_see_columns_as_records_afterwards(container, make):
    make()
    container.live.refresh()
    hooks = Hooks(AFTER)

    HookedPredictor(container.predictor.inner, hooks).predict(
        "default", "value", Question(columns=COLUMNS)
    )

    ((call, outcome),) = hooks.told
    assert len(call.records) == len(outcome.predictions) == 3
    assert [*call.records] == RECORDS
