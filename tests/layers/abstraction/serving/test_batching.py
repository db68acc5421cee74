"""Services that join calls, and those that do not: as declared, loaded and asked."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tiny import declaration_of

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.registry.records import DEFAULT_TENANT
from minerva.layers.abstraction.services.declaration import Batching
from minerva.layers.abstraction.serving.joining import JoinedModel
from minerva.layers.abstraction.serving.question import Question
from minerva.layers.abstraction.serving.terms import Terms

ON = {"batching": {"max_batch": 16, "max_wait_ms": 20}}
CALLERS, CALLS = 8, 40


def test_a_service_joins_calls_only_if_its_file_says_so():
    assert declaration_of().serving.batching is None
    assert Terms.of(declaration_of(serving=ON)).batching == Batching(max_batch=16, max_wait_ms=20)
    assert Terms.of(declaration_of(serving={"batching": {}})).batching == Batching()


@pytest.mark.parametrize(
    ("serving", "where"),
    [
        ({"batching": {"max_batch": 1}}, "/serving/batching/max_batch"),
        ({"batching": {"max_wait_ms": 0}}, "/serving/batching/max_wait_ms"),
        ({"batching": {"max_rows": 9}}, "/serving/batching/max_rows"),
        ({"batching": {"max_wait_ms": 50}, "deadline_ms": 50}, "/serving/batching/max_wait_ms"),
    ],
)
def test_what_cannot_be_is_told_where_it_stands(serving, where):
    with pytest.raises(InvalidConfiguration) as caught:
        declaration_of(serving=serving)

    assert [fault.where for fault in caught.value.faults] == [where]


def test_where_it_is_off_the_model_is_the_plugins_own(make, container):
    version = make()
    loader = container.versioning.loader

    off = loader.load(version, Terms(runtime="inline"))
    on = loader.load(version, Terms(runtime="inline", batching=Batching()))
    again = loader.load(version, Terms(runtime="inline", batching=Batching()))

    assert isinstance(on.model, JoinedModel)
    assert type(off.model) is type(on.model.model)
    assert on.model.joiner is not again.model.joiner  # another tenant's, say


@pytest.mark.parametrize("runtime", ["inline", "process"])
def test_versions_that_are_swapped_under_load_never_answer_for_each_other(make, container, runtime):
    shifts = {"1": 1000.0, "2": 2000.0}
    serving = {"runtime": runtime, "deadline_ms": 60_000, **ON}
    make(parameters={"shift": shifts["1"]}, serving=serving)
    container.live.refresh()
    swapped = threading.Event()

    def call(caller):
        seen = []
        while not swapped.is_set() or len(seen) < CALLS:
            x = 10 * caller + len(seen) % 10
            records = [{"x": x, "id": "a"}, {"x": x + 1, "id": "b"}]
            answer = container.predictor.predict(DEFAULT_TENANT, "value", Question(records))
            shift = shifts[answer.version]
            told = [(row["id"], row["y"] - shift) for row in answer.predictions]
            assert told == [("a", pytest.approx(2 * x)), ("b", pytest.approx(2 * x + 2))]
            seen.append(answer.version)
        return seen

    with ThreadPoolExecutor(CALLERS) as callers:
        calls = [callers.submit(call, caller) for caller in range(CALLERS)]
        try:
            make(parameters={"shift": shifts["2"]}, serving=serving)
            container.live.refresh()
        finally:
            swapped.set()
        seen = [call.result(60) for call in calls]

    assert container.live.find(DEFAULT_TENANT, "value").version.number == 2
    assert any("1" in versions for versions in seen)
