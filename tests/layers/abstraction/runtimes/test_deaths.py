"""A process that keeps dying at its start is tried again, but not at once and not ever more often."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from minerva.errors import AlgorithmFailed, Unavailable
from minerva.layers.abstraction.runtimes.deaths import Deaths, how, pause_after


def test_the_first_failure_is_followed_by_no_pause():
    deaths = Deaths(lambda: 5.0)

    deaths.note("a", AlgorithmFailed("It crashed."))

    deaths.check("a")


def test_while_it_is_left_alone_the_reason_and_the_time_are_told():
    deaths = Deaths(lambda: 5.0)
    for _ in range(3):
        deaths.note("a", AlgorithmFailed("It crashed."))

    with pytest.raises(
        Unavailable, match=r"3 times and is tried again in 2 s. It crashed."
    ) as caught:
        deaths.check("a")

    assert caught.value.retry_after_s == 2
    deaths.check("b")


def test_after_the_pause_it_is_tried_again():
    clock = [0.0]
    deaths = Deaths(lambda: clock[0])
    for _ in range(2):
        deaths.note("a", AlgorithmFailed("It crashed."))
    clock[0] += 1.0

    deaths.check("a")


def test_a_start_that_succeeds_is_forgiven():
    deaths = Deaths(lambda: 0.0)
    for _ in range(5):
        deaths.note("a", AlgorithmFailed("It crashed."))

    deaths.forget("a")

    deaths.check("a")


def test_pauses_double_up_to_a_minute():
    pauses = [pause_after(times) for times in range(1, 10)]

    assert pauses == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert pause_after(10_000) == 60


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import os; os.kill(os.getpid(), 11)", "was ended by SIGSEGV"),
        ("import os; os.kill(os.getpid(), 36)", "was ended by signal 36"),
        ("raise SystemExit(3)", "ended with exit code 3"),
    ],
)
def test_how_a_process_ended_is_told(code, told):
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        assert how(SimpleNamespace(process=process)) in {told, "lives"}

    assert how(SimpleNamespace(process=process)) == told
