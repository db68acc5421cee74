"""Who is alive."""

import signal
import subprocess
import sys

from minerva.cli.presence import find, present


def test_finds_who_is_present_and_nobody_else(tmp_path):
    with present(tmp_path, "worker"):
        assert len(find(tmp_path, "worker")) == 1
        assert find(tmp_path, "beat") == {}

    assert find(tmp_path, "worker") == {}
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_was_killed_is_not_present(tmp_path):
    code = (
        "import pathlib, sys, time\n"
        "from minerva.cli.presence import present\n"
        "with present(pathlib.Path(sys.argv[1]), 'worker'):\n"
        "    print('here', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"here\n"
        assert list(find(tmp_path, "worker")) == [process.pid]
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert find(tmp_path, "worker") == {}
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_holds_nobody(tmp_path):
    assert find(tmp_path / "none", "worker") == {}
