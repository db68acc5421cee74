"""The circuit breaker, as a state machine."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from minerva.layers.abstraction.routing.circuit import Circuit, CircuitState
from minerva.layers.abstraction.services.declaration import Breaker


class Clock:
    """Time that stands still until it is told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def opened(policy=None):
    """A circuit that has just opened, and its clock."""
    policy = policy or Breaker(failures=3, open_s=5, quarantine_after=2)
    clock = Clock()
    circuit = Circuit(policy, clock)
    for _ in range(policy.failures):
        circuit.failed()
    return circuit, clock


def test_it_stays_closed_below_the_limit_and_a_success_forgets():
    circuit = Circuit(Breaker(failures=3))
    for _ in range(10):
        circuit.failed()
        circuit.failed()
        circuit.succeeded()

    assert circuit.admit()
    assert circuit.state is CircuitState.CLOSED


def test_failures_in_a_row_open_it_and_nobody_passes():
    circuit, _ = opened()

    assert circuit.state is CircuitState.OPEN
    assert not circuit.admit()
    assert circuit.retry_after_s == 5


def test_after_a_while_one_call_tries_and_the_others_wait():
    circuit, clock = opened()
    clock.now += 5

    assert [circuit.admit() for _ in range(3)] == [True, False, False]
    assert circuit.state is CircuitState.HALF_OPEN


def test_a_trial_that_succeeds_closes_it():
    circuit, clock = opened()
    clock.now += 5
    circuit.admit()
    circuit.succeeded()

    assert circuit.state is CircuitState.CLOSED
    assert circuit.retry_after_s == 0
    assert circuit.failed() is False
    assert circuit.admit()


def test_a_trial_that_nobody_reports_does_not_close_the_door_for_ever():
    circuit, clock = opened()
    clock.now += 5
    circuit.admit()
    clock.now += 5

    assert circuit.admit()


def test_trials_that_fail_exhaust_it_exactly_once():
    circuit, clock = opened()
    told = []
    for _ in range(4):
        clock.now += 5
        assert circuit.admit()
        told.append(circuit.failed())

    assert told == [True, False, False, False]


def test_calls_that_were_let_in_before_it_opened_do_not_open_it_again():
    circuit, _ = opened()

    assert [circuit.failed() for _ in range(10)] == [False] * 10


class Machine(RuleBasedStateMachine):
    """Whatever happens: closed admits, open does not before its time, half-open admits one."""

    @initialize(failures=st.integers(1, 4), after=st.integers(1, 3))
    def start(self, failures, after):
        self.clock = Clock()
        self.policy = Breaker(failures=failures, open_s=2, quarantine_after=after)
        self.circuit = Circuit(self.policy, self.clock)
        self.exhausted = 0

    @rule(seconds=st.floats(0, 4))
    def wait(self, seconds):
        self.clock.now += seconds

    @rule()
    def call_that_fails(self):
        if self.circuit.admit():
            self.exhausted += self.circuit.failed()

    @rule()
    def call_that_succeeds(self):
        if self.circuit.admit():
            self.circuit.succeeded()
            self.exhausted = 0
            assert self.circuit.state is CircuitState.CLOSED

    @invariant()
    def it_is_exhausted_at_most_once_between_successes(self):
        assert getattr(self, "exhausted", 0) <= 1

    @invariant()
    def whoever_waits_long_enough_may_try(self):
        if hasattr(self, "circuit"):
            assert self.circuit.retry_after_s <= self.policy.open_s


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestMachine = Machine.TestCase
