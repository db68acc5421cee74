"""System calls that Python has no name for, made by number through libc."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from typing import Any

_NO_NEW_PRIVILEGES = 38
"""prctl(2): what is asked of the kernel before a process may confine itself."""
_CAPABILITIES_VERSION = 0x20080522
_REACH_FILES = 1 << 1
"""CAP_DAC_OVERRIDE, see capabilities(7)."""


def known() -> bool:
    """Tell whether this is a kernel and an architecture whose numbers we know."""
    return sys.platform == "linux" and platform.machine() in {"x86_64", "aarch64"}


def give_up_privileges() -> None:
    """Let neither this process nor what it starts gain rights any more; root's go, all but one.

    With them, other processes' environments could be read, and limits raised again. The one is to
    reach files of any owner: which files, Landlock says. Raises OSError.
    """
    checked(libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable, and their upper halves
    checked(libc().capget(header, sets))
    kept = [sets[0] & _REACH_FILES, sets[1] & _REACH_FILES]
    checked(libc().capset(header, (ctypes.c_uint32 * 6)(*kept)))


def libc() -> Any:
    """Return the C library."""
    return ctypes.CDLL(None, use_errno=True)


def syscall(number: int, *arguments: Any) -> int:
    """Make a system call; return what it does, -1 for an error."""
    call = libc().syscall
    call.restype = ctypes.c_long
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return int(call(ctypes.c_long(number), *wide))


def checked(result: int) -> int:
    """Return the result of a system call. Raises OSError where it is an error."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
