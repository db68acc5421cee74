"""Processes that an operator stops before they have begun."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
from waiting import wait_until


@pytest.mark.parametrize("command", ["worker", "beat"])
def test_who_is_told_to_stop_while_it_starts_ends_well(tmp_path, command):
    settings = tmp_path / "minerva.toml"
    os.mkfifo(settings)  # whoever reads it waits for what we never write

    def is_read():
        with suppress(OSError):
            return os.open(settings, os.O_WRONLY | os.O_NONBLOCK)

    started = [sys.executable, "-m", "minerva.cli", command, "--workspace", str(tmp_path)]
    with subprocess.Popen(started, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        ours = wait_until(is_read)
        try:
            process.send_signal(signal.SIGTERM)
            said, _ = process.communicate(timeout=60)
        finally:
            process.kill()
            os.close(ours)

    assert (process.returncode, said) == (0, b"")
