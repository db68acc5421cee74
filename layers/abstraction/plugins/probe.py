"""Importing a plugin somewhere else first: one that crashes the interpreter must not crash ours.

Run as a program by itself: `python -P -m minerva.layers.abstraction.plugins.probe PATH`.
"""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from minerva.layers.abstraction.plugins.importing import PACKAGE, import_source, module_name
from minerva.layers.abstraction.plugins.plugin import brought_by
from minerva.layers.abstraction.plugins.source import Source, read

SURVIVED = b"survived"


@dataclass(frozen=True)
class Probe:
    """Tries plugins, each content once: what survived is noted in a folder that processes share."""

    noted: Path
    within_s: float

    def __call__(self, source: Source) -> str | None:
        """Return how the plugin ended the process that imported it; None if it did not.

        What it raises is not asked here: that harms nobody, and is told where it is imported.
        """
        note = self.noted / source.digest[:32]
        if note.exists():
            return None
        problem = _try(source.path, self.within_s)
        if problem is None:
            with suppress(OSError):  # a folder that cannot be written costs a trial each time
                _make_private(self.noted)
                note.touch()
        return problem


def _make_private(folder: Path) -> None:
    """Make it and what it lies in for this user alone: `mkdir` gives its mode to the last one only."""
    if not folder.parent.exists():
        _make_private(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)


def _try(path: Path, within_s: float) -> str | None:
    program = [sys.executable, "-P", "-m", __name__, str(path)]
    try:
        tried = subprocess.run(  # noqa: S603 - our own interpreter and module
            program,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=within_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it was not imported within {within_s:g} s"
    if tried.stdout.endswith(SURVIVED):
        return None
    if tried.returncode < 0:
        return f"importing it crashes the process ({signal.Signals(-tried.returncode).name})"
    return f"importing it ends the process (exit code {tried.returncode})"


def main(path: Path) -> None:
    """Import a plugin and say that we are still there."""
    with suppress(BaseException):
        source = read(path)
        brought_by(path.name, import_source(module_name(PACKAGE, path), source))
    with suppress(BaseException):
        sys.stdout.flush()  # what the plugin printed: our word is the last
    sys.stdout.buffer.write(SURVIVED)
    sys.stdout.buffer.flush()
    gc.freeze()  # as in every process of ours that ends: see `minerva.cli`


if __name__ == "__main__":
    main(Path(sys.argv[1]))
