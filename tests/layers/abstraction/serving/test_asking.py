"""What a version is blamed for, and what not."""

import threading
from dataclasses import dataclass, field, replace

import pytest
from tiny import write_data

from minerva.errors import AlgorithmFailed, DeadlineExceeded, InvalidInput, Unavailable
from minerva.layers.abstraction.routing.circuit import Circuit, CircuitState
from minerva.layers.abstraction.services.declaration import Breaker
from minerva.layers.abstraction.serving.asking import Asking
from minerva.layers.abstraction.serving.wishes import Wishes


@dataclass
class Failing:
    """A model that fails as it is told."""

    error: Exception | None = None
    waits: bool = False
    asked: int = 0

    def starting(self, thread):
        return self.waits and thread == threading.get_ident()

    def predict(self, batch):
        self.asked += 1
        if self.error:
            raise self.error
        return {"y": batch["x"]}

    def save(self, folder):
        raise NotImplementedError


@dataclass
class Quarantined:
    """Remembers what was quarantined."""

    told: list = field(default_factory=list)

    def __call__(self, version, reason):
        self.told.append((version.number, reason))


@pytest.fixture
def loaded(container, make):
    """A version whose circuit opens at the second failure and whose model is as given."""
    version = container.versioning.loader.load(make())

    def with_model(model, policy=None):
        policy = policy or Breaker(failures=2, open_s=3600, quarantine_after=1)
        return replace(version, model=model, circuit=Circuit(policy))

    return with_model


def ask(version, quarantine=None):
    """Ask one record; return the asking."""
    asking = Asking(quarantine or Quarantined())
    asking.ask(version, version.decoder.records([{"x": 1}]))
    return asking


@pytest.mark.parametrize(
    "error", [AlgorithmFailed("no"), DeadlineExceeded("late"), ValueError("?")]
)
def test_what_it_does_wrong_opens_its_circuit_and_quarantines_it(loaded, error):
    version, quarantine = loaded(Failing(error)), Quarantined()

    for _ in range(2):
        with pytest.raises((AlgorithmFailed, DeadlineExceeded)):
            ask(version, quarantine)

    assert version.circuit.state is CircuitState.OPEN
    assert [number for number, _ in quarantine.told] == [1]
    with pytest.raises(Unavailable, match="left alone"):
        ask(version)
    assert version.model.asked == 2


@pytest.mark.parametrize("error", [InvalidInput("yours"), Unavailable("just starting")])
def test_bad_input_and_a_process_that_is_starting_are_not_its_fault(loaded, error):
    version = loaded(Failing(error))

    for _ in range(5):
        with pytest.raises(type(error)):
            ask(version)

    assert version.circuit.state is CircuitState.CLOSED


@pytest.mark.parametrize(("starting", "state"), [(True, "closed"), (False, "open")])
def test_one_that_is_late_is_to_blame_unless_its_process_is_just_starting(loaded, starting, state):
    version = loaded(Failing(waits=starting))

    for late in [ask(version), ask(version)]:
        late.abandon(DeadlineExceeded("late"))

    assert version.circuit.state.value == state


def test_an_answer_that_nobody_waits_for_any_more_does_not_close_the_circuit(loaded):
    asking = Asking(Quarantined())

    class Late(Failing):
        def predict(self, batch):
            asking.abandon(DeadlineExceeded("late"))
            return super().predict(batch)

    version = loaded(Late(), Breaker(failures=1, open_s=3600, quarantine_after=9))

    asking.ask(version, version.decoder.records([{"x": 1}]))

    assert version.circuit.state is CircuitState.OPEN


def test_nobody_is_blamed_where_no_version_was_asked_yet():
    quarantine = Quarantined()

    Asking(quarantine).abandon(DeadlineExceeded("the look-up was slow"))

    assert quarantine.told == []


def test_it_is_told_how_sure_an_answer_is_where_enough_rows_were_held_out(
    container, make, workspace
):
    write_data(workspace, rows=400)
    version = container.versioning.loader.load(make(parameters={"shift": 1.0}))

    told = Asking(Quarantined(), Wishes(confidence="/params/confidence")).ask(
        version, version.decoder.records([{"id": "c", "x": 3}])
    )

    assert told.rows() == [
        {"id": "c", "y": 7.0, "y_interval": {"low": pytest.approx(6.0), "high": pytest.approx(8.0)}}
    ]


def test_a_version_of_few_rows_does_not_say_how_sure_it_is(container, make):
    version = container.versioning.loader.load(make())
    batch = version.decoder.records([{"id": "c", "x": 3}])

    with pytest.raises(InvalidInput, match="how sure") as refused:
        Asking(Quarantined(), Wishes(confidence="/params/confidence")).ask(version, batch)

    assert [fault.where for fault in refused.value.faults] == ["/params/confidence"]
    assert "y_interval" not in Asking(Quarantined()).ask(version, batch).rows()[0]
