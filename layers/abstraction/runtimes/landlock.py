"""Landlock: which files a process may read and change, and whom it may signal, by the kernel's word.

See https://docs.kernel.org/userspace-api/landlock.html. Holds for the thread that asks for it and for
what it starts later, for good.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from minerva.layers.abstraction.runtimes.kernel import checked, known, syscall

ABI_FILES, ABI_TRUNCATE, ABI_TCP, ABI_SCOPES = 1, 3, 4, 6
"""The version from which on it can forbid what."""
_ABI_REFER = 2

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls, of one number on every architecture that Linux has had since 5.13."""
_GIVE_VERSION = 1
_PATH_BENEATH = 1

# one bit a right
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REFER, _TRUNCATE = 1 << 13, 1 << 14
_CHANGES = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
"""Write, remove and make, of every kind of file."""
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
"""The rights that a rule for anything but a folder may give."""
_SHARE = _WRITE_FILE | _READ_FILE | 1 << 5 | 1 << 8
"""With removing and making files, but without reading their names."""
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1 << 0, 1 << 1


@dataclass(frozen=True)
class Allowed:
    """What a process may do with files. What is not there is left out; folders are meant with all below."""

    changed: Iterable[Path]
    """Its own: to be read, written, made and removed."""
    read: Iterable[Path]
    """To be read, and run if they are programs."""
    listed: Iterable[Path] = ()
    """Folders of which the names may be read, and no more."""
    devices: Iterable[Path] = ()
    """To be read and written."""
    shared: Iterable[Path] = ()
    """Folders in which files may be used by whoever knows their names."""


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


def landlock_version() -> int:
    """Return the version of the kernel's Landlock interface; 0 where there is none."""
    return max(0, syscall(_CREATE_RULESET, None, 0, _GIVE_VERSION)) if known() else 0


def restrict(allowed: Allowed, abi: int, *, network: bool) -> None:
    """Forbid all else from now on, as far as this version can. Raises OSError."""
    changes = _CHANGES
    changes |= _REFER if abi >= _ABI_REFER else 0
    changes |= _TRUNCATE if abi >= ABI_TRUNCATE else 0
    tcp = 0 if network or abi < ABI_TCP else _BIND_TCP | _CONNECT_TCP
    scopes = _ABSTRACT_SOCKETS | _SIGNALS if abi >= ABI_SCOPES else 0
    attributes = _Ruleset(changes | _READ, tcp, scopes)
    size = 8 if abi < ABI_TCP else 16 if abi < ABI_SCOPES else 24
    ruleset = checked(syscall(_CREATE_RULESET, ctypes.byref(attributes), size, 0))
    try:
        for paths, rights in (
            (allowed.changed, changes | _READ),
            (allowed.read, _READ),
            (allowed.listed, _READ_DIR),
            (allowed.devices, (changes & _OF_A_FILE) | _READ_FILE),
            (allowed.shared, (changes & _TRUNCATE) | _SHARE),
        ):
            for path in paths:
                _allow(ruleset, path, rights)
        checked(syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    opened = -1
    with suppress(OSError):  # not there, or below a folder that is closed to this user anyway
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if opened < 0:
        return
    try:
        folder = stat.S_ISDIR(os.fstat(opened).st_mode)
        rule = _PathRule(rights if folder else rights & _OF_A_FILE, opened)
        if rule.allowed:
            checked(syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(opened)
