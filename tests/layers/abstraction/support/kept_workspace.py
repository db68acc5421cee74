"""A workspace of `kept` for one test, and the end of all that was started for it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kept import Workspace
from waiting import wait_until


@contextmanager
def a_workspace() -> Iterator[Workspace]:
    """Give one on a path short enough for sockets; what was started for it must end."""
    with tempfile.TemporaryDirectory() as folder:
        made = Workspace(Path(folder).resolve())
        yield made
        wait_until(lambda: not made.keepers())
