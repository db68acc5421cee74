"""When a host dies, its calls are asked again: none that is innocent fails, and the guilty one is found."""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from hosts import SCHEMA, a_batch, a_place
from kept import CRASH, DIGEST, HOLD, SLOW, kill, lives, pid_of, rows
from kept_workspace import a_workspace
from liars import GOOD, Last, Late, a_liar, a_model, deaf_sockets, framed
from waiting import wait_until

from minerva.errors import AlgorithmFailed, InvalidData, Unavailable
from minerva.layers.abstraction.runtimes import hosted
from minerva.layers.abstraction.runtimes.hosted import DEATHS, hosted_model


@pytest.fixture
def liar():
    """See `a_liar`."""
    with a_place() as place, a_liar(place) as lie:
        yield lie


@pytest.fixture
def deaf():
    """See `deaf_sockets`."""
    with a_place() as place, deaf_sockets(place) as listening:
        yield listening


@pytest.fixture
def patient(monkeypatch):
    """Who takes the place of a dying host is waited for as long as a busy machine takes."""
    monkeypatch.setattr(hosted, "DYING_S", 60)


def test_a_call_that_a_dying_host_has_not_read_is_asked_of_the_next_one(deaf, liar):
    places = deque([deaf("one"), deaf("two"), liar([GOOD])])
    troubles = []
    model = hosted_model(
        places.popleft, algorithm="a", schema=SCHEMA, explains=False, on_trouble=troubles.append
    )

    assert model.predict(a_batch())["y"].tolist() == [0.0, 0.0]
    assert troubles == ["ended", "ended"]


def test_a_call_that_no_host_reads_is_not_its_fault(deaf):
    model, troubles = a_model(deaf("one"))

    with pytest.raises(Unavailable, match="cannot be reached"):
        model.predict(a_batch())

    assert troubles == ["ended"] * DEATHS


@contextmanager
def given(path, asked):
    """Give a host for suspects, and remember that."""
    asked.append(path)
    yield path


def a_suspect(path, **parts):
    """Return a model whose host at `path` serves suspects too, and how often that was asked for."""
    asked = []
    return a_model(path, alone=lambda _: given(path, asked), **parts)[0], asked


def test_a_call_that_a_dying_host_had_read_is_asked_once_more_alone(liar):
    model, alone = a_suspect(liar([None], [GOOD]))

    assert model.predict(a_batch())["y"].tolist() == [0.0, 0.0]
    assert len(alone) == 1


def test_so_is_one_whose_answer_was_cut_off(liar):
    model, alone = a_suspect(liar([Last(GOOD[:10])], [GOOD]))

    assert model.predict(a_batch())["y"].tolist() == [0.0, 0.0]
    assert len(alone) == 1


def test_one_under_which_two_hosts_died_is_to_blame(liar):
    model, alone = a_suspect(liar([None], [None], [GOOD]))

    with pytest.raises(AlgorithmFailed, match="ended while it was asked"):
        model.predict(a_batch())

    assert len(alone) == 1


def test_a_suspect_that_a_dying_host_has_not_read_is_asked_of_the_next_one(
    deaf, liar, tmp_path, patient
):
    places = deque([str(tmp_path / "gone"), deaf("one"), liar([None], [GOOD])])
    first = places[-1]
    model, _ = a_model(first, alone=lambda _: given(places.popleft(), []))

    assert model.predict(a_batch())["y"].tolist() == [0.0, 0.0]
    assert not places


def test_a_suspect_that_nobody_ever_hears_is_not_to_blame(deaf, liar):
    path = deaf("one")
    model, _ = a_model(liar([None]), alone=lambda _: given(path, []))

    with pytest.raises(Unavailable, match="cannot be reached"):
        model.predict(a_batch())


@pytest.mark.parametrize("answer", [framed(5), framed([7, "invalid_data", "No.", []])])
def test_what_a_host_answered_is_not_asked_again(liar, answer):
    model, alone = a_suspect(liar([answer], [GOOD]))

    with pytest.raises((AlgorithmFailed, InvalidData)):
        model.predict(a_batch())

    assert alone == []


def test_a_suspect_is_not_asked_beyond_its_deadline(liar):
    model, alone = a_suspect(liar([None], [Late(GOOD)]), deadline_ms=2000)

    with pytest.raises(AlgorithmFailed, match="ended while it was asked"):
        model.predict(a_batch())

    assert len(alone) == 1


@pytest.fixture
def workspace():
    """See `a_workspace`."""
    with a_workspace() as made:
        yield made


@pytest.fixture
def hosts(workspace):
    """What one web worker has."""
    client = workspace.hosts()
    yield client
    client.close()


@pytest.fixture
def other_hosts(workspace):
    """What another one has."""
    client = workspace.hosts()
    yield client
    client.close()


def test_only_the_calls_that_kill_their_process_fail_however_many_are_beside_them(
    workspace, hosts, other_hosts, patient
):
    """Two web workers ask, ten calls at a time; two of some hundreds are poison, at once."""
    models = [one.model(DIGEST, workspace.spec_of()) for one in (hosts, other_hosts)]
    begin = threading.Barrier(10)

    def innocent(caller):
        begin.wait()
        pids = []
        while len(pids) < 25 or not all(one.done() for one in poisoning):
            pids.append(pid_of(models[caller % 2], SLOW))
        return pids

    def poison(caller):
        begin.wait()
        pid_of(models[caller])
        with pytest.raises(AlgorithmFailed, match="ended while it was asked"):
            models[caller].predict(rows(CRASH))

    with ThreadPoolExecutor(10) as pool:
        poisoning = [pool.submit(poison, caller) for caller in range(2)]
        asked = [pool.submit(innocent, caller) for caller in range(8)]
        answered = [one.result(timeout=120) for one in asked]
        for one in poisoning:
            one.result(timeout=120)

    assert len({pid for pids in answered for pid in pids}) > 1, "none of them saw a death"
    wait_until(lambda: len(workspace.told("host.died")) >= 3)  # two of them alone


def test_a_killed_process_fails_none_of_its_calls(workspace, hosts, patient):
    model = hosts.model(DIGEST, workspace.spec_of())
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(pid_of, model, HOLD) for _ in range(8)]
        first = wait_until(lambda: [one.pid for one in hosts.list() if one.busy_s])[0]
        kill(first)
        wait_until(lambda: not lives(first))

        def alone():
            for scratch in (workspace.state / "run").glob("h-*"):
                (scratch / "go on").touch()
            return all(call.done() for call in calls)

        wait_until(alone)

    assert first not in {call.result() for call in calls}
    (died,) = wait_until(lambda: workspace.told("host.died"))
    assert died["why"] == "was ended by SIGKILL"
