"""An algorithm that answers so many calls, then waits until more are allowed."""

import os
import time

from minerva import Algorithm, hookimpl


class Waits:
    """Doubles, and notes its process."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.calls = 0

    def predict(self, batch):
        """Answer at once until `allowed` calls are made in this process."""
        if len(batch) > 100:
            self.calls += 1
            allowed = self.workspace / "allowed"
            while allowed.exists() and self.calls > int(allowed.read_text() or 0):
                self._tell()
                time.sleep(0.01)
        return {"y": batch["x"] * 2.0}

    def save(self, folder):
        """Keep nothing."""

    def _tell(self):
        """Say once who waits, whole: nobody reads half of it."""
        waiting = self.workspace / "waiting"
        if not waiting.exists():
            written = self.workspace / f"waiting.{os.getpid()}"
            written.write_text(str(os.getpid()))
            written.rename(waiting)


class WaitingAlgorithm(Algorithm):
    """See above."""

    name = "waits"
    runtime = "inline"
    needs_data = False

    def train(self, data, context):
        """Learn nothing."""
        return Waits(context.workspace)

    def load(self, folder, context):
        """Read nothing."""
        return Waits(context.workspace)


@hookimpl
def minerva_algorithms():
    """Bring it."""
    return [WaitingAlgorithm()]
