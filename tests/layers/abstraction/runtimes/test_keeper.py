"""The table of running models: nobody waits for another's host, nobody is left running."""

import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kept import DIGEST, HANG, HOLD, Workspace, kill, lives, pid_of, rows
from structlog.testing import capture_logs
from waiting import wait_until

from minerva.errors import AlgorithmFailed, MinervaError, Unavailable
from minerva.layers.abstraction.runtimes import keeper as keeping
from minerva.layers.abstraction.runtimes import keeper_protocol as protocol
from minerva.layers.abstraction.runtimes.hosted import hosted_model
from minerva.layers.abstraction.runtimes.keeper import Keeper
from minerva.layers.abstraction.runtimes.talk import ping

KEY, OTHER = "a" * 32, "b" * 32
LATER = protocol.PLACED_LATER


@pytest.fixture
def workspace():
    """A workspace on a short path."""
    with tempfile.TemporaryDirectory() as folder:
        made = Workspace(Path(folder).resolve())
        (made.state / "run").mkdir(parents=True)
        yield made


@pytest.fixture
def keeper(workspace):
    """A keeper in this process."""
    made = Keeper(workspace.state / "run", workspace.state / "logs")
    yield made
    made.close()


@pytest.fixture
def events():
    """What is logged."""
    with capture_logs() as logged:
        yield logged


def wanted(workspace, key=KEY, client="me", idle_s=900.0, **how) -> protocol.Wanted:
    """Return a question for a host."""
    spec = workspace.spec_of(**how)(Path(LATER["scratch"]), LATER["socket"])
    return protocol.Wanted(
        client=client,
        key=key,
        digest=DIGEST,
        spec=spec,
        python=sys.executable,
        log_name="host",
        idle_s=idle_s,
    )


@pytest.fixture
def patient(monkeypatch):
    """A host that is well, or about to end, is given the time that a busy machine takes."""
    monkeypatch.setattr(keeping, "PING_S", 60)
    monkeypatch.setattr(keeping, "DYING_S", 60)


def model_at(answer, deadline_ms=60_000):
    """Return the model of a started host."""
    return hosted_model(
        lambda: answer.socket,
        algorithm="kept",
        schema=rows().schema,
        explains=answer.explains,
        deadline_ms=deadline_ms,
    )


def ask_in_vain(answer, what):
    """Ask for what has no answer, and wait no longer than it takes to be sure."""
    with pytest.raises(MinervaError):
        model_at(answer, deadline_ms=300).predict(rows(what))


def told(events, event):
    """Return the events of one kind."""
    return [e for e in events if e["event"] == event]


def test_a_host_is_reported(workspace, keeper, patient):
    answer = keeper.model(wanted(workspace))
    pid = pid_of(model_at(answer))
    keeper.tend()

    [facts] = keeper.report().hosts

    assert (facts.pid, facts.calls, facts.busy_s) == (pid, 1, 0.0)
    assert 0 <= facts.idle_s < 60


def test_those_who_ask_together_share_the_failure(workspace, keeper, events):
    together = threading.Barrier(4)

    def ask(number):
        together.wait()
        with pytest.raises(AlgorithmFailed, match="ValueError"):
            keeper.model(wanted(workspace, client=str(number), load="raise"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))

    assert len(told(events, "host.failed")) == 1


def test_a_host_that_died_is_buried_without_being_asked(workspace, keeper, events):
    pid = pid_of(model_at(keeper.model(wanted(workspace))))
    (workspace.state / "run" / "h-1" / "note").write_text("")

    kill_and_wait(pid)
    wait_until(lambda: keeper.tend() or told(events, "host.died"))

    assert told(events, "host.died")[0]["why"] == "was ended by SIGKILL"
    assert list((workspace.state / "run").iterdir()) == []


def test_a_host_that_is_just_ending_when_somebody_complains_is_told_as_dead(
    workspace, keeper, events, patient
):
    """Its connections close first: whoever asks it then hears nothing, and it seems to run still."""
    for _ in range(5):
        pid = pid_of(model_at(keeper.model(wanted(workspace))))
        kill(pid)
        keeper.trouble(protocol.Troubled(KEY, "ended"))

    assert [one["why"] for one in told(events, "host.died")] == ["was ended by SIGKILL"] * 5
    assert told(events, "host.ended") == []


def kill_and_wait(pid):
    """End a process at once."""
    kill(pid)
    wait_until(lambda: not lives(pid))


def test_one_that_hangs_and_nobody_holds_is_ended(workspace, keeper, events):
    answer = keeper.model(wanted(workspace))
    ask_in_vain(answer, HANG)
    wait_until(lambda: not answers_ping(answer))

    keeper.drop("me", KEY)
    wait_until(lambda: keeper.tend() or told(events, "host.ended"))

    assert told(events, "host.ended")[0]["why"] == "stuck"


def answers_ping(answer):
    """Whether a host says that it is there."""
    try:
        return ping(answer.socket, 1)
    except Unavailable:
        return None


def test_one_that_hangs_delays_nobody_else(workspace, keeper):
    ask_in_vain(keeper.model(wanted(workspace)), HANG)

    with ThreadPoolExecutor(1) as pool:
        tending = pool.submit(keeper.tend)
        other = keeper.model(wanted(workspace, OTHER))
        assert pid_of(model_at(other))
        tending.result()


def test_a_long_call_is_no_trouble(workspace, keeper, events, patient):
    answer = keeper.model(wanted(workspace))
    ask_in_vain(answer, HOLD)
    wait_until(lambda: ping(answer.socket, 60).busy_s)

    keeper.trouble(protocol.Troubled(KEY, "deadline"))
    keeper.drop("me", KEY)
    keeper.tend()

    assert told(events, "host.ended") == []
    (Path(answer.socket).parent / "go on").touch()
    wait_until(lambda: keeper.tend() or told(events, "host.ended"))
    assert told(events, "host.ended")[0]["why"] == "dropped"


def test_a_client_that_is_gone_holds_nothing(workspace, keeper, events):
    keeper.model(wanted(workspace, client="gone"))
    keeper.model(wanted(workspace, OTHER, client="here"))

    keeper.forget("gone")
    wait_until(lambda: keeper.tend() or told(events, "host.ended"))

    assert [facts.key for facts in keeper.report().hosts] == [OTHER]


def test_closing_while_one_starts_leaves_nothing(workspace, keeper, events):
    with ThreadPoolExecutor(1) as pool:
        starting = pool.submit(keeper.model, wanted(workspace))
        wait_until(lambda: told(events, "host.starting"))
        keeper.close()

        with pytest.raises(Unavailable, match="stopping"):
            starting.result()

    assert keeper.report().hosts == ()
    assert list((workspace.state / "run").iterdir()) == []
    with pytest.raises(Unavailable, match="stopping"):
        keeper.model(wanted(workspace, OTHER))


def test_a_place_that_cannot_be_made_is_told(workspace, keeper):
    (workspace.state / "run").rmdir()

    with pytest.raises(Unavailable, match="cannot be made"):
        keeper.model(wanted(workspace))


def test_what_a_killed_keeper_left_is_removed(workspace):
    left = workspace.state / "run" / "h-7"
    left.mkdir()
    (left / "file").write_text("")

    Keeper(workspace.state / "run", workspace.state / "logs").close()

    assert not left.exists()
