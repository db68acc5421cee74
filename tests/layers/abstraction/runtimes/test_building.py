"""One run of an installer: bounded, alone, its failure told in a sentence without addresses."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from waiting import wait_until

from minerva.errors import InvalidConfiguration, Unavailable
from minerva.layers.abstraction.runtimes.building import Build, locked, locked_at_once


@pytest.fixture
def build(tmp_path):
    """A function that runs a program as an installer is run."""

    def run(code, limit_s=30.0):
        with locked(tmp_path / "lock") as held:
            build = Build(tmp_path / "log", held, dict(os.environ), limit_s)
            return build.run([sys.executable, "-c", code])

    return run


def test_what_it_prints_is_returned_and_kept(build, tmp_path):
    assert build("print('done')") == "done\n"
    assert (tmp_path / "log").read_text() == "done\n"


@pytest.mark.parametrize(
    ("printed", "kind", "told"),
    [
        ("ERROR: No such package", InvalidConfiguration, "No such package"),
        ("error: two\\n  cause: Because a==9", InvalidConfiguration, "Because a==9"),
        ("ERROR: No space left on device", Unavailable, "No space left"),
        ("ERROR: pool(host='pypi.internal'): Max retries exceeded", Unavailable, "address"),
        ("ERROR: see https://me:pw@pypi.internal/x", InvalidConfiguration, "see .address"),
        ("", InvalidConfiguration, "it told nothing"),
    ],
)
def test_a_failure_is_told_by_its_last_telling_line(build, printed, kind, told):
    with pytest.raises(kind, match=told) as caught:
        build(f"import sys; sys.stderr.write('''{printed}'''); sys.exit(1)")

    assert "pypi.internal" not in caught.value.message
    assert "pw@" not in caught.value.message


def test_one_that_was_killed_is_no_mistake_of_the_user(build):
    with pytest.raises(Unavailable, match="ended by SIGKILL"):
        build("import os; os.kill(os.getpid(), 9)")


def test_one_that_never_ends_is_ended_with_all_it_started(build, tmp_path):
    family = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'], stdin=None)"
    with pytest.raises(Unavailable, match=r"took longer than 0\.5 s"):
        build(f"{family}; import time; time.sleep(600)", limit_s=0.5)

    def is_free():  # whoever lived on would hold it
        with locked_at_once(tmp_path / "lock") as free:
            return free

    wait_until(is_free)


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    with locked(tmp_path / "lock"), locked_at_once(tmp_path / "lock") as free:
        assert not free

    with locked_at_once(tmp_path / "lock") as free:
        assert free


def test_patience_with_a_lock_ends(tmp_path):
    with (
        locked(tmp_path / "lock"),
        pytest.raises(Unavailable, match="too long"),
        locked(tmp_path / "lock", 0.05),
    ):
        pass


def test_a_lock_that_becomes_free_in_time_is_taken(tmp_path):
    def take():
        with locked(tmp_path / "lock", 20):
            return "taken"

    with ThreadPoolExecutor(1) as pool:
        with locked(tmp_path / "lock"):
            waiting = pool.submit(take)
        assert waiting.result() == "taken"
