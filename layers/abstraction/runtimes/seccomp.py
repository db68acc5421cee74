"""A filter of system calls that keeps a process from making sockets: a classic BPF program.

See https://docs.kernel.org/userspace-api/seccomp_filter.html. What Landlock cannot forbid is forbidden
here: UDP, raw sockets, and Unix sockets that lie in folders, such as those of other models. A pair of
connected sockets (socketpair(2)) stays allowed, because event loops wake themselves with one; not of
datagrams, which could be sent elsewhere. Sockets that were made before stay of use: the host's own.

Holds for the thread that asks for it and for what it starts later, for good.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from minerva.layers.abstraction.runtimes.kernel import checked, known, syscall


@dataclass(frozen=True)
class Architecture:
    """The numbers of one: its own, and those of its system calls."""

    audit: int
    socket: int
    connect: int
    socketpair: int
    seccomp: int
    foreign_from: int = 0
    """Numbers from here on are of a second table (x32); 0: there is none."""


ARCHITECTURES = {
    "x86_64": Architecture(0xC000003E, 41, 42, 53, 317, foreign_from=0x40000000),
    "aarch64": Architecture(0xC00000B7, 198, 203, 199, 277),
}
_IO_URING_SETUP = 425
"""It makes sockets without socket(2). One number everywhere."""

ALLOW, KILL, DENY = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
"""What the filter answers. A program of another architecture is killed: its numbers mean other calls."""

# https://www.kernel.org/doc/Documentation/networking/filter.txt
_LOAD, _AND, _IF_EQUAL, _IF_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24
"""Where in `struct seccomp_data` they are: the call's number, and the lower halves of arguments."""
_ALL_BITS, _TYPE_BITS = 0xFFFFFFFF, 0xF
_FAMILIES = (socket.AF_INET, socket.AF_INET6, 16)
"""With the network: IP, and Netlink, through which libc asks which addresses this machine has."""
_PAIRS = (socket.SOCK_STREAM, socket.SOCK_SEQPACKET)

_SET_FILTER, _GET_ACTION_AVAILABLE = 1, 2
_ALLOW_SPECULATION = 4
"""Else some kernels slow down every memory access of the process."""

Step = tuple[int, int, int, int]
"""An instruction: code, how many to leave out if true, how many if false, and a constant."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def filters_there_are() -> bool:
    """Tell whether this kernel filters system calls."""
    if not known():
        return False
    kill = ctypes.c_uint32(KILL)
    number = ARCHITECTURES[platform.machine()].seccomp
    return syscall(number, _GET_ACTION_AVAILABLE, 0, ctypes.byref(kill)) == 0


def forbid_sockets(*, network: bool) -> None:
    """Make no socket from now on; with the network, those of IP only. Raises OSError."""
    architecture = ARCHITECTURES[platform.machine()]
    steps = program(architecture, network=network)
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    filtering = _Program(len(steps), code)
    where = ctypes.byref(filtering)
    checked(syscall(architecture.seccomp, _SET_FILTER, _ALLOW_SPECULATION, where))


def program(architecture: Architecture, *, network: bool) -> list[Step]:
    """Return the filter's instructions."""
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IF_EQUAL, 1, 0, architecture.audit),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if architecture.foreign_from:
        steps += [(_IF_LEAST, 0, 1, architecture.foreign_from), (_RETURN, 0, 0, DENY)]
    steps += _never(_IO_URING_SETUP)
    if network:
        steps += _only(architecture.socket, _FIRST, _ALL_BITS, _FAMILIES)
    else:
        steps += [*_never(architecture.socket), *_never(architecture.connect)]
    steps += _only(architecture.socketpair, _SECOND, _TYPE_BITS, _PAIRS)
    return [*steps, (_RETURN, 0, 0, ALLOW)]


def _never(number: int) -> list[Step]:
    return [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, DENY)]


def _only(number: int, argument: int, bits: int, values: Sequence[int]) -> list[Step]:
    """Allow the call where its argument is one of these, deny it else."""
    last = len(values)
    tests = [(_IF_EQUAL, last - at, 0, value) for at, value in enumerate(values)]
    rest = [
        (_LOAD, 0, 0, argument),
        (_AND, 0, 0, bits),
        *tests,
        (_RETURN, 0, 0, DENY),
        (_RETURN, 0, 0, ALLOW),
    ]
    return [(_IF_EQUAL, 0, len(rest), number), *rest]
