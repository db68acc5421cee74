"""Walking a pickle's opcodes without reading the pickle: which names it imports, whether it calls them.

The opcodes and what they do to the stack are those of the standard library's `pickletools`. Arguments
are skipped, not decoded, so that nothing the file says costs more memory than a buffer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pickletools import (
    TAKEN_FROM_ARGUMENT1,
    TAKEN_FROM_ARGUMENT4,
    TAKEN_FROM_ARGUMENT4U,
    TAKEN_FROM_ARGUMENT8U,
    UP_TO_NEWLINE,
    OpcodeInfo,
    markobject,
    opcodes,
)
from typing import Protocol

MOST_OPCODES = 1_000_000
"""What is a valid pickle for so long is one."""
MOST_BYTES = 2 * 1024**3
FEWEST_OPCODES = 3
"""A shorter one without its protocol may be a word of a text, and can do nothing."""
_CHUNK = 64 * 1024
_LONGEST_NAME = 4 * 1024

_OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in opcodes}
_NAME = re.compile(r"[\w.<>-]+")
"""What a module or a thing in it can be called; raw numbers seldom spell one."""
_NAMED = frozenset({"GLOBAL", "INST"})
_TEXTS = frozenset(
    opcode.name for opcode in opcodes if opcode.name.endswith(("STRING", "UNICODE", "UNICODE8"))
)
"""What can become a name. Numbers of `copyreg`'s registry can too, but nobody registers any."""
_CALLS = frozenset({"REDUCE", "BUILD", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"})
_LENGTHS = {
    TAKEN_FROM_ARGUMENT1: 1,
    TAKEN_FROM_ARGUMENT4: 4,
    TAKEN_FROM_ARGUMENT4U: 4,
    TAKEN_FROM_ARGUMENT8U: 8,
}


class Stream(Protocol):
    """Bytes, one after the other."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; none at the end."""


@dataclass
class Walk:
    """What the first bytes of a stream would do if they were unpickled."""

    opcodes: int = 0
    protocol: bool = False
    """It begins with its protocol, as every pickle since protocol 2."""
    imports: list[str] = field(default_factory=list)
    """`module name`, or the empty text where the name would be put together while reading."""
    calls: bool = False
    """It calls something after it imported something."""
    texts: bool = False
    """It has put a text on its stack, of which a name could be made."""
    ends: bool = False
    whole: bool = False
    """It ends where the stream ends."""
    exhausted: bool = False
    """It was valid for longer than anything but a pickle."""

    @property
    def is_pickle(self) -> bool:
        """Whether these bytes are a pickle, or enough of one to run code."""
        if self.protocol and (self.ends or self.imports):
            return True
        return self.calls or self.exhausted or (self.whole and self.opcodes >= FEWEST_OPCODES)


def walk(stream: Stream) -> Walk:
    """Follow the opcodes to the first thing that cannot be one. Several pickles in a row count as one."""
    found, reader, stack = Walk(), _Reader(stream), _Stack()
    last = ""
    while (code := reader.exactly(1)) is not None:
        opcode = _OPCODES.get(code)
        if opcode is None or not stack.apply(opcode):
            return found
        if not _argument(opcode, reader, found):
            break
        _note(opcode, found)
        last = opcode.name
        if opcode.name == "STOP":
            stack = _Stack()
        if found.opcodes >= MOST_OPCODES:
            found.exhausted = True
            return found
    else:
        found.whole = last == "STOP"
    found.exhausted = reader.left <= 0
    return found


def _note(opcode: OpcodeInfo, found: Walk) -> None:
    found.protocol = found.protocol or (opcode.name == "PROTO" and not found.opcodes)
    found.opcodes += 1
    found.calls = found.calls or (opcode.name in _CALLS and bool(found.imports))
    found.texts = found.texts or opcode.name in _TEXTS
    found.ends = found.ends or opcode.name == "STOP"


def _argument(opcode: OpcodeInfo, reader: _Reader, found: Walk) -> bool:
    """Pass by an opcode's argument; False if it cannot be one, or the stream ends before it does."""
    if opcode.name in _NAMED:
        module, name = reader.line(), reader.line()
        if not (module and name and _NAME.fullmatch(module) and _NAME.fullmatch(name)):
            return False
        found.imports.append(f"{module} {name}")
        return True
    if opcode.name == "STACK_GLOBAL":
        if not found.texts:
            return False
        found.imports.append("")
    size = 0 if opcode.arg is None else opcode.arg.n
    if size == UP_TO_NEWLINE:
        return reader.line() is not None
    if size in _LENGTHS:
        length = reader.exactly(_LENGTHS[size])
        return length is not None and reader.skip(int.from_bytes(length, "little"))
    return reader.skip(size)


class _Stack:
    """How many things lie above each mark; what they are does not matter."""

    def __init__(self) -> None:
        self._heights = [0]

    def apply(self, opcode: OpcodeInfo) -> bool:
        """Take what the opcode takes and put what it puts; False if there is not enough."""
        before, after = opcode.stack_before, opcode.stack_after
        needed = len(before)
        at_mark = opcode.name == "POP" and not self._heights[-1]
        if markobject in before or at_mark:
            if len(self._heights) == 1:
                return False
            self._heights.pop()
            needed = 0 if at_mark else before.index(markobject)
        if self._heights[-1] < needed:
            return False
        self._heights[-1] -= needed
        if markobject in after:
            self._heights.append(0)
        else:
            self._heights[-1] += len(after)
        return True


class _Reader:
    """Reads a stream up to a limit, holding no more than a buffer."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._buffer = b""
        self._position = 0
        self.left = MOST_BYTES

    def exactly(self, size: int) -> bytes | None:
        """Return `size` bytes, a few; None if the stream ends before."""
        while len(self._buffer) - self._position < size:
            if not self._fill():
                return None
        self._position += size
        return self._buffer[self._position - size : self._position]

    def skip(self, size: int) -> bool:
        """Pass by `size` bytes; False if the stream ends before."""
        while size > (held := len(self._buffer) - self._position):
            size -= held
            self._position = len(self._buffer)
            if not self._fill():
                return False
        self._position += size
        return True

    def line(self) -> str | None:
        """Return the start of a line, and pass by the rest; None at the end of the stream."""
        start = b""
        while (end := self._buffer.find(b"\n", self._position)) < 0:
            start = (start + self._buffer[self._position :])[:_LONGEST_NAME]
            self._position = len(self._buffer)
            if not self._fill():
                return start.decode("utf-8", "replace") or None
        start += self._buffer[self._position : end]
        self._position = end + 1
        return start[:_LONGEST_NAME].decode("utf-8", "replace")

    def _fill(self) -> bool:
        chunk = self._stream.read(_CHUNK) if self.left > 0 else b""
        self.left -= len(chunk)
        self._buffer = self._buffer[self._position :] + chunk
        self._position = 0
        return bool(chunk)
