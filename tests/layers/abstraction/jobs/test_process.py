"""What a job's own process says reaches its worker, however long the worker stands still."""

import selectors
import subprocess
import sys

from minerva.layers.abstraction.jobs.process import JobProcess, start

LAST_WORDS = """
import os, sys
sys.stdin.readline()
os.write(int(sys.argv[1]), b'{"result": 5}\\n')
"""


class StandingStill(selectors.DefaultSelector):
    """A selector of a worker that is held up between its look at the channel and the next step."""

    def __init__(self):
        super().__init__()
        self.meanwhile = []

    def select(self, timeout=None):
        """Say what there is; then something happens."""
        found = super().select(timeout)
        while self.meanwhile:
            self.meanwhile.pop()()
        return found


def test_what_a_child_said_before_it_ended_is_heard_though_it_was_silent_when_last_looked_at(
    tmp_path,
):
    started = start([sys.executable, "-c", LAST_WORDS], tmp_path, subprocess.DEVNULL)
    selector = StandingStill()
    with JobProcess(started.process, started.channel, selector) as child:
        selector.meanwhile = [started.process.wait, lambda: child.tell(b"go")]

        said = [*child.messages(0), *child.messages(0)]

        assert said == [{"result": 5}]
        while child.running:
            assert child.messages(60) == []
