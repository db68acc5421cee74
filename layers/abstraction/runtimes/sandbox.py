"""What a model's own process may do: limits of the kernel, and Landlock where there is one.

Applied by the process to itself before it loads anything that starts threads: Landlock holds for the
thread that asks for it and for those started later. Hence no import here that reaches numpy.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAX_OPEN_FILES = 4096
"""Enough for the web workers' connections, too few to exhaust the machine's."""
OOM_SCORE = "500"
"""When memory runs out, the kernel ends a model before the web worker that asks it."""
DEVICES = ("null", "zero", "full", "tty", "nvidia*", "kfd", "dri/*")
"""Below /dev: writing to these is no writing to a file; the last are GPUs."""

_ADD_RULE, _RESTRICT_SELF, _CREATE_RULESET = 445, 446, 444
"""System calls, of one number on every architecture that Linux has had since 5.13."""
_GIVE_VERSION = 1
_PATH_BENEATH = 1
_NO_NEW_PRIVILEGES = 38

# https://docs.kernel.org/userspace-api/landlock.html: one bit a right
_WRITE_FILE, _TRUNCATE = 1 << 1, 1 << 14
_FILE_CHANGES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
"""Write, remove and make, of every kind of file; reading and executing stay free."""
_REFER = 1 << 13
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1
_ABI_REFER, _ABI_TRUNCATE, _ABI_TCP, _ABI_SCOPES = 2, 3, 4, 6


@dataclass(frozen=True)
class Rules:
    """What one process is allowed."""

    scratch: Path
    """It writes, makes and removes files only below this folder."""
    memory_mb: int = 0
    """0: no limit."""
    cpus: int = 0
    """0: all."""
    network: bool = False
    """Without it, no TCP connection is opened or accepted."""


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def confine(rules: Rules) -> tuple[str, ...]:
    """Apply the rules to this process for good; return what this kernel cannot forbid, see `gaps`."""
    _limit(rules)
    if rules.cpus:
        _bind_to_cpus(rules.cpus)
    with suppress(OSError):  # not Linux, or /proc is read only
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE)
    abi = landlock_version()
    try:
        if abi:
            _restrict(rules, abi)
    except OSError:  # a container's seccomp profile may know the first call only
        abi = 0
    return gaps(abi, network=rules.network)


def gaps(abi: int, *, network: bool) -> tuple[str, ...]:
    """Return what Landlock of this version (0: there is none) leaves open, as words for a log."""
    needed = [("files", 1), ("truncate", _ABI_TRUNCATE), ("signals", _ABI_SCOPES)]
    if not network:
        needed.append(("tcp", _ABI_TCP))
    return tuple(name for name, version in needed if abi < version)


def landlock_version() -> int:
    """Return the version of the kernel's Landlock interface; 0 where there is none."""
    if sys.platform != "linux" or platform.machine() not in {"x86_64", "aarch64"}:
        return 0
    return max(0, _syscall(_CREATE_RULESET, None, 0, _GIVE_VERSION))


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


def _restrict(rules: Rules, abi: int) -> None:
    files = _FILE_CHANGES
    files |= _REFER if abi >= _ABI_REFER else 0
    files |= _TRUNCATE if abi >= _ABI_TRUNCATE else 0
    tcp = 0 if rules.network or abi < _ABI_TCP else _BIND_TCP | _CONNECT_TCP
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if abi >= _ABI_SCOPES else 0
    attributes = _Ruleset(files, tcp, scopes)
    size = 8 if abi < _ABI_TCP else 16 if abi < _ABI_SCOPES else 24
    ruleset = _checked(_syscall(_CREATE_RULESET, ctypes.byref(attributes), size, 0))
    try:
        _allow(ruleset, rules.scratch, files)
        for device in _devices():
            _allow(ruleset, device, files & (_WRITE_FILE | _TRUNCATE))
        _checked(_libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
        _checked(_syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _devices() -> Iterator[Path]:
    for pattern in DEVICES:
        yield from (path for path in Path("/dev").glob(pattern) if not path.is_dir())


def _allow(ruleset: int, path: Path, rights: int) -> None:
    with _path_only(path) as opened:
        rule = _PathRule(rights, opened)
        _checked(_syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0))


@contextmanager
def _path_only(path: Path) -> Iterator[int]:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        yield opened
    finally:
        os.close(opened)


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *arguments: Any) -> int:
    call = _libc().syscall
    call.restype = ctypes.c_long
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(call(ctypes.c_long(number), *wide))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
