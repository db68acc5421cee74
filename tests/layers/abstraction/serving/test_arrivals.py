"""Versions take turns on their way into memory, but nobody waits long for a slow one."""

import threading
from types import SimpleNamespace

import pytest

from minerva.layers.abstraction.serving import arrivals
from minerva.layers.abstraction.serving.arrivals import SLOW_S, Arrivals
from minerva.layers.abstraction.serving.terms import Terms


def a_version(name):
    """What identifies a version."""
    return SimpleNamespace(tenant="default", service=name, digest=name)


def test_they_are_loaded_one_after_the_other(monkeypatch):
    monkeypatch.setattr(arrivals, "SLOW_S", 60)  # none is, not even on a machine that stands still
    inside, most, told = [], [], []

    def load(version, terms):
        inside.append(version.service)
        most.append(len(inside))
        inside.remove(version.service)
        return version.service

    arriving = Arrivals(load, told.append)
    asked = [arriving.of(a_version(name), Terms()) for name in "abcdef"]

    assert all(one.ended.wait(20) for one in asked)
    assert most == [1] * 6
    assert [one.outcome for one in told] == list("abcdef")


def test_a_slow_one_lets_the_next_begin():
    go_on = threading.Event()
    arriving = Arrivals(lambda *_: go_on.wait(60), lambda _: None)
    first, second = (arriving.of(a_version(name), Terms()) for name in "ab")

    assert second.begun.wait(20)
    assert second.begun_at - first.begun_at >= SLOW_S
    assert not first.ended.is_set()
    go_on.set()
    assert all(one.ended.wait(20) for one in (first, second))


@pytest.mark.parametrize("error", [ValueError("?"), SystemExit(1), KeyboardInterrupt()])
def test_whatever_a_plugin_raises_is_its_outcome(error):
    def load(version, terms):
        raise error

    told = []
    arrival = Arrivals(load, told.append).of(a_version("a"), Terms())

    assert arrival.ended.wait(20)
    assert (arrival.outcome, told) == (error, [arrival])


def test_what_failed_is_asked_for_again_only_after_it_was_forgotten():
    arriving = Arrivals(lambda *_: 1 / 0, lambda _: None)
    first = arriving.of(a_version("a"), Terms())
    assert first.ended.wait(20)

    same = arriving.of(a_version("a"), Terms())
    arriving.forget_ended()
    another = arriving.of(a_version("a"), Terms())

    assert same is first
    assert another is not first
    assert another.ended.wait(20)
