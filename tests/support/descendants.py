"""The processes that a process started, found by what they were started with."""

import psutil


def descendants(pid: int, word: str) -> list[psutil.Process]:
    """Return those that run and have this word in their command line."""
    return [one for one in psutil.Process(pid).children(recursive=True) if word in _words(one)]


def _words(process: psutil.Process) -> list[str]:
    """Return [] for one that has ended meanwhile."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
