"""Models in processes of their own, kept by one keeper for all who ask; real processes."""

import gc
import os
import re
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from kept import CRASH, DIGEST, HANG, HOLD, kill, lives, pid_of, rows
from kept_workspace import a_workspace
from waiting import wait_until

from minerva.errors import AlgorithmFailed, DeadlineExceeded, InvalidConfiguration, Unavailable

OTHER = "cd" * 32


@pytest.fixture
def workspace():
    """See `a_workspace`."""
    with a_workspace() as made:
        yield made


@pytest.fixture
def hosts(workspace):
    """A client."""
    client = workspace.hosts()
    yield client
    client.close()


def test_a_model_answers_from_another_process(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of())

    [facts] = hosts.list()

    assert pid_of(model) == facts.pid != os.getpid()
    assert (facts.algorithm, facts.digest) == ("kept", DIGEST)
    assert facts.rss_bytes > 10_000_000
    assert not hasattr(model, "explain")


def test_a_model_that_can_explain_does(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of("explain"))

    assert model.explain(rows(3, 4)).tolist() == [[3.0], [4.0]]


def test_eight_threads_share_one_process(workspace, hosts):
    ready = threading.Barrier(8)

    def ask(_):
        ready.wait()
        return pid_of(hosts.model(DIGEST, workspace.spec_of()))

    with ThreadPoolExecutor(8) as pool:
        pids = set(pool.map(ask, range(8)))

    assert len(pids) == 1
    assert len(workspace.told("host.ready")) == 1


def test_three_processes_start_one_keeper_and_share_one_process(workspace):
    program = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parents[1] / "support")!r})
        from kept import DIGEST, Workspace, pid_of
        workspace = Workspace.__new__(Workspace)
        workspace.folder = Path(sys.argv[1])
        workspace.state = workspace.folder / ".minerva"
        hosts = workspace.hosts()
        model = hosts.model(DIGEST, workspace.spec_of())
        print(pid_of(model), flush=True)
        sys.stdin.read()
        """
    )
    command = [sys.executable, "-c", program, str(workspace.folder)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    pids = {process.stdout.readline() for process in running}
    for process in running:
        process.communicate()

    assert len(pids) == 1
    assert len(workspace.told("keeper.started")) == 1
    assert len(workspace.told("host.ready")) == 1


def test_different_versions_start_at_once_each_in_a_process_of_its_own(workspace, hosts):
    with ThreadPoolExecutor(2) as pool:
        made = pool.map(lambda digest: hosts.model(digest, workspace.spec_of()), [DIGEST, OTHER])
        pids = {pid_of(model) for model in made}

    assert len(pids) == 2


def test_other_limits_are_another_process(workspace, hosts):
    slow = hosts.model(DIGEST, workspace.spec_of(deadline_ms=60_000))
    fast = hosts.model(DIGEST, workspace.spec_of(deadline_ms=50_000))

    assert pid_of(slow) != pid_of(fast)


def test_after_a_kill_the_next_call_finds_a_new_process(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of())
    first = pid_of(model)
    kill(first)
    wait_until(lambda: not lives(first))

    second = pid_of(model)

    assert second != first
    (died,) = wait_until(lambda: workspace.told("host.died"))
    assert died["why"] == "was ended by SIGKILL"


def test_a_call_that_crashes_its_process_fails_alone(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of())
    first = pid_of(model)

    with pytest.raises(AlgorithmFailed, match="kept"):
        model.predict(rows(CRASH))

    assert wait_until(lambda: answers(model)) != first
    wait_until(lambda: workspace.told("host.died"))
    assert workspace.told("host.died")[0]["why"] == "was ended by SIGSEGV"


def test_a_process_that_holds_on_to_a_call_for_ever_is_ended(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of(deadline_ms=200))
    first = wait_until(lambda: answers(model))

    with pytest.raises(DeadlineExceeded):
        model.predict(rows(HANG))
    wait_until(lambda: not lives(first))

    assert wait_until(lambda: answers(model)) != first
    assert {e["why"] for e in workspace.told("host.ended")} == {"stuck"}


def answers(model) -> int:
    """Return who answers, 0 while nobody does in time."""
    try:
        return pid_of(model)
    except (Unavailable, DeadlineExceeded):
        return 0


def test_a_cold_model_is_answered_for_within_its_deadline(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of(deadline_ms=20))
    kill(wait_until(lambda: answers(model)))
    wait_until(lambda: not any(lives(one.pid) for one in hosts.list()))

    with pytest.raises((Unavailable, DeadlineExceeded)):
        pid_of(model)

    assert wait_until(lambda: answers(model))


def test_when_the_keeper_is_killed_its_processes_end_and_the_next_call_starts_another(
    workspace, hosts
):
    model = hosts.model(DIGEST, workspace.spec_of())
    first, [keeper] = pid_of(model), workspace.keepers()
    kill(keeper.pid)
    wait_until(lambda: not lives(first))

    second = pid_of(model)

    assert second != first
    assert [process.pid for process in workspace.keepers()] != [keeper.pid]
    assert len(list((workspace.state / "run").glob("h-*"))) == 1, "what it left is removed"


def test_an_idle_process_ends_and_comes_back(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of(), idle_s=0.3)
    first = pid_of(model)
    wait_until(lambda: not lives(first))

    assert pid_of(model) != first
    assert wait_until(lambda: workspace.told("host.ended"))[0]["why"] == "idle"


def test_a_process_with_a_call_is_not_idle(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of(), idle_s=0.2)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(pid_of, model, HOLD)
        wait_until(lambda: any(one.busy_s for one in hosts.list()))
        other = hosts.model(OTHER, workspace.spec_of(), idle_s=0.2)
        ended = pid_of(other)
        wait_until(lambda: not lives(ended))
        [held] = [one.pid for one in hosts.list() if one.busy_s]
        for scratch in (workspace.state / "run").glob("h-*"):
            (scratch / "go on").touch()

        assert call.result() == held


def test_a_model_that_nobody_holds_any_more_ends(workspace, hosts):
    spec_of = workspace.spec_of()
    kept, gone = hosts.model(DIGEST, spec_of), hosts.model(OTHER, spec_of)
    twice = hosts.model(DIGEST, spec_of)
    pids = pid_of(kept), pid_of(gone)

    del gone, twice
    gc.collect()
    wait_until(lambda: not lives(pids[1]))

    assert pid_of(kept) == pids[0]
    (ended,) = wait_until(lambda: workspace.told("host.ended"))
    assert ended["why"] == "dropped"


def test_what_one_client_lets_go_of_another_may_still_hold(workspace, hosts):
    other = workspace.hosts()
    model = hosts.model(DIGEST, workspace.spec_of())
    theirs = other.model(DIGEST, workspace.spec_of())
    pid = pid_of(theirs)

    other.close()
    leaving = other.model(OTHER, workspace.spec_of())
    ended = pid_of(leaving)
    other.close()
    wait_until(lambda: not lives(ended))

    assert pid_of(model) == pid


def test_when_the_clients_are_gone_everything_ends(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of())
    pid, [keeper] = pid_of(model), workspace.keepers()

    hosts.close()
    wait_until(lambda: not lives(keeper.pid))

    assert not lives(pid)
    assert list((workspace.state / "run").glob("h-*")) == []
    assert hosts.list() == ()


def test_the_least_recently_used_processes_end_when_memory_is_short(workspace):
    workspace.set(hosts_memory_mb=450)
    specs = [workspace.spec_of(mb=120 + n) for n in range(3)]

    with closing(workspace.hosts()) as hosts, ThreadPoolExecutor(1) as pool:
        models = [hosts.model(DIGEST, spec) for spec in specs[:2]]
        first, second = (pid_of(model) for model in models)
        starting = pool.submit(hosts.model, DIGEST, specs[2])
        while not starting.done():
            assert pid_of(models[1]) == second
        newest = pid_of(starting.result())
        wait_until(lambda: not lives(first))

        assert lives(second)
        assert lives(newest)
        wait_until(lambda: {e["why"] for e in workspace.told("host.ended")} == {"budget"})
        assert pid_of(models[0]) not in {first, second}, "it comes back on demand"


def test_a_plugin_that_cannot_load_is_told_and_leaves_nothing(workspace, hosts):
    with pytest.raises(AlgorithmFailed, match="ValueError") as caught:
        hosts.model(DIGEST, workspace.spec_of("raise"))

    assert "jane" not in caught.value.message
    assert hosts.list() == ()
    [keeper] = workspace.keepers()
    wait_until(lambda: not keeper.children())
    assert list((workspace.state / "run").glob("h-*")) == []
    assert "jane" in (workspace.state / "logs" / "hosts" / f"kept-{DIGEST[:12]}.log").read_text()


def test_a_plugins_own_refusal_keeps_its_kind(workspace, hosts):
    with pytest.raises(InvalidConfiguration, match="no algorithm 'absent'"):
        hosts.model(DIGEST, workspace.spec_of(algorithm="absent"))


def test_one_that_keeps_dying_at_its_start_is_left_alone_for_a_while(workspace, hosts):
    for _ in range(2):
        with pytest.raises(AlgorithmFailed, match="exit code 9"):
            hosts.model(DIGEST, workspace.spec_of("exit"))

    def refused():  # by the third time, unless the first pause is over by then: the next is longer
        try:
            hosts.model(DIGEST, workspace.spec_of("exit"))
        except Unavailable as error:
            return error
        except AlgorithmFailed:
            return None

    error = wait_until(refused)
    assert re.search(r"failed to start \d+ times.*exit code 9", error.message)
    assert error.retry_after_s >= 1
    assert pid_of(hosts.model(OTHER, workspace.spec_of())), "others are not harmed"


def test_settings_that_cannot_be_read_are_told(workspace):
    workspace.set(hosts_memory_mb="much")

    with pytest.raises(Unavailable, match=r"keeper\.log"):
        workspace.hosts().model(DIGEST, workspace.spec_of())

    assert "hosts_memory_mb" in (workspace.state / "run" / "keeper.log").read_text()


def test_a_fork_has_a_line_of_its_own(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of())
    expected = pid_of(model)
    program = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        sys.path.insert(0, sys.argv[2])
        from kept import DIGEST, Workspace, pid_of
        workspace = Workspace.__new__(Workspace)
        workspace.folder = Path(sys.argv[1])
        workspace.state = workspace.folder / ".minerva"
        hosts = workspace.hosts()
        mine = hosts.model(DIGEST, workspace.spec_of())
        child = os.fork()
        if child == 0:
            theirs = hosts.model(DIGEST, workspace.spec_of())
            print("child", pid_of(theirs), flush=True)
            del theirs
            hosts.close()
            os._exit(0)
        os.waitpid(child, 0)
        print("parent", pid_of(mine), hosts._line._presence is not None, flush=True)
        """
    )
    support = str(Path(__file__).parents[1] / "support")
    command = [sys.executable, "-c", program, str(workspace.folder), support]
    told = subprocess.check_output(command, text=True).splitlines()

    assert told == [f"child {expected}", f"parent {expected} True"]
    assert pid_of(model) == expected


def test_a_model_with_requirements_runs_in_its_environment(workspace, hosts):
    model = hosts.model(DIGEST, workspace.spec_of(), ["iniconfig==2.0.0"])

    command = psutil.Process(pid_of(model)).cmdline()
    assert Path(command[0]).is_relative_to(workspace.state / "environments")


def test_the_sockets_are_for_this_user_alone(workspace, hosts):
    hosts.model(DIGEST, workspace.spec_of())

    run = workspace.state / "run"
    assert run.stat().st_mode & 0o077 == 0
    assert (run / "hosts.sock").stat().st_mode & 0o777 == 0o600
