"""What a model's own process may do: limits of the kernel, Landlock, and a filter of system calls.

Applied by the process to itself before it loads anything that starts threads: both hold for the
thread that asks for them and for those started later. Hence no import here that reaches numpy.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from minerva.layers.abstraction.runtimes import landlock
from minerva.layers.abstraction.runtimes.kernel import give_up_privileges, known
from minerva.layers.abstraction.runtimes.landlock import landlock_version
from minerva.layers.abstraction.runtimes.seccomp import filters_there_are, forbid_sockets

MAX_OPEN_FILES = 4096
"""Enough for the web workers' connections, too few to exhaust the machine's."""
OOM_SCORE = "500"
"""When memory runs out, the kernel ends a model before the web worker that asks it."""
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "nvidia*", "kfd", "dri/*")
"""Below /dev: writing to these is no writing to a file; the last are GPUs. A disk is none of them."""

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps semaphores, not a temporary file


@dataclass(frozen=True)
class Rules:
    """What one process is allowed."""

    scratch: Path
    """It writes, makes and removes files only below this folder."""
    readable: Sequence[Path] = ()
    """Beside its scratch folder it reads and runs only these, and what is below them."""
    listable: Sequence[Path] = ()
    """Of these folders it sees the names."""
    shared_memory: bool = False
    """Semaphores and memory that processes share, by names that it may not list."""
    memory_mb: int = 0
    """0: no limit."""
    cpus: int = 0
    """0: all."""
    network: bool = False
    """Without it, no socket is made. With it, those of IP only: other models listen on Unix sockets."""


def confine(rules: Rules) -> tuple[str, ...]:
    """Apply the rules to this process for good; return what this kernel cannot forbid, see `gaps`."""
    _limit(rules)
    if rules.cpus:
        _bind_to_cpus(rules.cpus)
    with suppress(OSError):  # not Linux, or /proc is read only
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    abi, filtered = landlock_version(), filters_there_are()
    if known():
        give_up_privileges()
    try:
        if abi:
            landlock.restrict(_allowed(rules), abi, network=rules.network)
    except OSError:  # a container's own filter may know the first call only
        abi = 0
    try:
        if filtered:
            forbid_sockets(network=rules.network)
    except OSError:  # it may know seccomp's questions only
        filtered = False
    return gaps(abi, network=rules.network, filtered=filtered)


def gaps(abi: int, *, network: bool, filtered: bool) -> tuple[str, ...]:
    """Return what stays open, as words for a log.

    `abi` is Landlock's version, 0 where there is none; `filtered` whether system calls can be.
    """
    needed = [
        ("files", landlock.ABI_FILES),
        ("truncate", landlock.ABI_TRUNCATE),
        ("signals", landlock.ABI_SCOPES),
    ]
    if not network and not filtered:
        needed.append(("tcp", landlock.ABI_TCP))
    left = tuple(name for name, version in needed if abi < version)
    return left if filtered else (*left, "sockets")


def _limit(rules: Rules) -> None:
    """Set limits that are inherited by whatever the process starts.

    Memory: RLIMIT_DATA counts what is written to (heap, private anonymous mappings). RLIMIT_AS would
    count address space too, which allocators and thread stacks reserve by the gigabyte and never
    touch; RLIMIT_RSS does nothing.
    """
    _lower(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _lower(resource.RLIMIT_CORE, 0)
    if rules.memory_mb:
        _lower(resource.RLIMIT_DATA, rules.memory_mb * 1024 * 1024)


def _lower(limit: int, value: int) -> None:
    _, most = resource.getrlimit(limit)
    value = value if most == resource.RLIM_INFINITY else min(value, most)
    resource.setrlimit(limit, (value, value))


def _bind_to_cpus(count: int) -> None:
    """Take as many of the CPUs there are; processes start at different ones."""
    if hasattr(os, "sched_setaffinity"):
        there = sorted(os.sched_getaffinity(0))
        first = os.getpid() % len(there)
        os.sched_setaffinity(0, (there + there)[first : first + min(count, len(there))])


def _allowed(rules: Rules) -> landlock.Allowed:
    return landlock.Allowed(
        changed=[rules.scratch],
        read=rules.readable,
        listed=rules.listable,
        devices=list(_devices()),
        shared=[SHARED_MEMORY] if rules.shared_memory else [],
    )


def _devices() -> Iterator[Path]:
    for pattern in DEVICES:
        yield from (path for path in Path("/dev").glob(pattern) if not path.is_dir())
