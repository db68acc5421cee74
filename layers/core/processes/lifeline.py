"""No process outlives the supervisor, even one that was killed with -9.

A guardian process holds the reading end of a pipe. The supervisor tells it which process groups are
its own; when the pipe ends without a farewell, the supervisor is gone, and the guardian stops them.
On Linux the kernel tells direct children too, in case the guardian was killed as well.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

POLL_S = 0.05
"""Between two looks at groups of processes that are not our children, so that none is waited for."""
_FAREWELL = "farewell"


class Guardian:
    """The supervisor's end of the pipe."""

    def __init__(self, graceful_s: float) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", str(Path(__file__)), str(graceful_s)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
            preexec_fn=_ignore_what_is_meant_for_the_tree,  # noqa: PLW1509 - imports nothing
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tell(_FAREWELL)
        with suppress(OSError):
            self._pipe.close()
        self._process.wait()

    def watch(self, group: int) -> None:
        """Take a process group into care."""
        self._tell(f"watch {group}")

    def forget(self, group: int) -> None:
        """A group has ended, and its number may be given to strangers."""
        self._tell(f"forget {group}")

    @property
    def _pipe(self) -> IO[str]:
        if self._process.stdin is None:
            raise ValueError("The guardian was started without a pipe.")
        return self._process.stdin

    def _tell(self, line: str) -> None:
        with suppress(OSError):  # a guardian that is gone is missed only if we are killed too
            self._pipe.write(line + "\n")
            self._pipe.flush()


def _ignore_what_is_meant_for_the_tree() -> None:
    """Run before the guardian's program, so that no signal finds it half started."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)


def signal_at_parents_death() -> Callable[[], None]:
    """Return what a child runs before its program: on Linux it gets SIGTERM when its parent dies.

    Prepared in the parent, because importing between fork and exec may hang.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    import ctypes

    set_option = ctypes.CDLL(None, use_errno=True).prctl
    parent_death_signal, parent = 1, os.getpid()

    def ask_the_kernel() -> None:
        set_option(parent_death_signal, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before we asked
            os._exit(0)

    return ask_the_kernel


def stop_groups(leaders: Iterable[int], graceful_s: float) -> None:
    """Ask the leaders to stop, wait for their groups to end, then kill what is left of them."""
    groups = set(leaders)
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(group, signal.SIGTERM)
    deadline = time.monotonic() + graceful_s
    while groups and time.monotonic() < deadline:
        groups = {group for group in groups if alive(group)}
        time.sleep(POLL_S)
    for group in groups:
        kill_group(group)


def alive(group: int) -> bool:
    """Tell whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so of a group of zombies
        return False
    return True


def kill_group(group: int) -> None:
    """End every process of a group at once."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def guard(lines: Iterable[str], graceful_s: float) -> None:
    """Follow what the supervisor tells until it says farewell or is gone."""
    groups: set[int] = set()
    for line in lines:
        word, _, number = line.strip().partition(" ")
        if word == _FAREWELL:
            return
        if word == "watch":
            groups.add(int(number))
        elif word == "forget":
            groups.discard(int(number))
    stop_groups(groups, graceful_s)


def main(arguments: list[str]) -> None:
    """Run as the guardian."""
    guard(sys.stdin, float(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
