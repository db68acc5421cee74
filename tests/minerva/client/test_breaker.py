"""A breaker opens after failures in a row, and one call at a time finds out whether to close it."""

import threading

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from minerva.client.breaker import Breaker, State

FAILURES, OPEN_S = 3, 5.0


def opened():
    breaker = Breaker(FAILURES, OPEN_S)
    for _ in range(FAILURES):
        breaker.failed(breaker.admit(0.0), 0.0)
    return breaker


def test_opens_after_so_many_failures_in_a_row():
    breaker = Breaker(FAILURES, OPEN_S)

    for outcome in ("failed", "failed", "succeeded", "failed", "failed"):
        permit = breaker.admit(0.0)
        breaker.failed(permit, 0.0) if outcome == "failed" else breaker.succeeded(permit)
    assert breaker.state is State.CLOSED
    breaker.failed(breaker.admit(0.0), 0.0)

    assert breaker.state is State.OPEN
    assert breaker.admit(OPEN_S - 0.01) is None


def test_one_call_tries_when_it_was_open_for_long_enough_and_its_success_closes():
    breaker = opened()

    permit = breaker.admit(OPEN_S)
    assert breaker.state is State.HALF_OPEN
    assert breaker.admit(OPEN_S) is None
    breaker.succeeded(permit)

    assert breaker.state is State.CLOSED
    assert breaker.admit(OPEN_S) is not None


def test_the_failure_of_that_call_opens_it_for_as_long_again():
    breaker = opened()

    breaker.failed(breaker.admit(OPEN_S), OPEN_S + 1)

    assert breaker.admit(2 * OPEN_S + 0.9) is None
    assert breaker.admit(2 * OPEN_S + 1) is not None


def test_a_trial_that_was_given_up_leaves_its_place_to_the_next():
    breaker = opened()

    breaker.left(breaker.admit(OPEN_S))

    assert breaker.admit(OPEN_S) is not None


def test_an_answer_from_before_it_opened_does_not_close_it():
    breaker = Breaker(FAILURES, OPEN_S)
    late = breaker.admit(0.0)
    for _ in range(FAILURES):
        breaker.failed(breaker.admit(0.0), 0.0)
    trying = breaker.admit(OPEN_S)

    breaker.succeeded(late)
    breaker.left(late)
    breaker.failed(late, OPEN_S)

    assert breaker.state is State.HALF_OPEN
    breaker.succeeded(trying)
    assert breaker.state is State.CLOSED


def test_of_many_threads_one_tries():
    breaker, permits = opened(), []
    together = threading.Barrier(16)

    def admit():
        together.wait()
        permits.append(breaker.admit(OPEN_S))

    threads = [threading.Thread(target=admit) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([permit for permit in permits if permit is not None]) == 1


class Calls(RuleBasedStateMachine):
    """Calls that start and end in any order, at any time."""

    def __init__(self):
        super().__init__()
        self.breaker = Breaker(FAILURES, OPEN_S)
        self.now = 0.0
        self.running = []
        self.failed_at = None

    @rule(seconds=st.floats(0, 2 * OPEN_S))
    def time_passes(self, seconds):
        self.now += seconds

    @rule()
    def a_call_comes(self):
        before = self.breaker.state
        permit = self.breaker.admit(self.now)
        if permit is None:
            assert before is not State.CLOSED
        else:
            assert before is not State.HALF_OPEN
            if before is State.OPEN:
                assert self.now >= self.failed_at + OPEN_S
            self.running.append(permit)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0), how=st.sampled_from(["succeeded", "failed", "left"]))
    def a_call_ends(self, which, how):
        permit = self.running.pop(which % len(self.running))
        before = self.breaker.state
        if how == "failed":
            self.breaker.failed(permit, self.now)
            if before is not State.OPEN and self.breaker.state is State.OPEN:
                self.failed_at = self.now
        else:
            getattr(self.breaker, how)(permit)
        if before is State.OPEN:  # what was admitted before says nothing
            assert self.breaker.state is State.OPEN

    @invariant()
    def nobody_is_shut_out_for_ever(self):
        if self.breaker.state is State.HALF_OPEN:
            assert self.running


Calls.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestCallsInAnyOrder = Calls.TestCase
