"""What a host and its callers say to each other: framed binary messages on a Unix socket.

A frame is its length (32 bits, little-endian) and a MessagePack array. Numbers of a batch travel as
two blocks, all float64 columns and all int32 columns, in the schema's order; texts as they are. Keys
stay with the caller. Nothing here can run code when it is read, and what a host answers is held to be
untrusted: sizes are bounded, types fixed, arrays numeric.
"""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Mapping, Sequence
from socket import socket
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva.errors import AlgorithmFailed, TooLarge
from minerva.schema import Batch, FieldType, Schema
from minerva.schema.schema import MAX_FIELDS

MAX_FRAME = 256 * 1024**2
"""Bytes; also the most that a caller can make a host hold for one message."""
MAX_TEXT = 4000
MAX_FAULTS = 100
MAX_DIMENSIONS = 8
CHUNK = 65536
LONGEST_ITEM = 8

_LENGTH = struct.Struct("<I")
_NUMERIC = {
    name: np.dtype(name)
    for name in ("<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1")
}

Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Block = bytearray
"""Read as one, so that what is made of it can be written to; bytes may be sent."""


class Garbled(Exception):
    """What arrived is no message; the connection is of no further use."""


class CutOff(Garbled):
    """The connection ended in the middle of a frame."""


class Array(msgspec.Struct, array_like=True, frozen=True):
    """A numeric array: little-endian, C order."""

    name: Text
    dtype: Annotated[str, Meta(max_length=4)]
    shape: Annotated[tuple[Annotated[int, Meta(ge=0)], ...], Meta(max_length=MAX_DIMENSIONS)]
    data: Block


class Columns(msgspec.Struct, array_like=True, frozen=True):
    """A batch without its keys."""

    rows: Annotated[int, Meta(ge=0)]
    floats: Block
    ints: Block
    texts: list[list[str | None]]


class Predict(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """Answered by Predicted."""

    columns: Columns
    left_s: float | None = None
    """How long the caller still waits, where calls may be made to wait for each other."""


class Explain(msgspec.Struct, array_like=True, frozen=True, tag=2):
    """Answered by Predicted with one array."""

    columns: Columns


class Ping(msgspec.Struct, array_like=True, frozen=True, tag=3):
    """Answered by Pong, also while calls run."""


class Rows(msgspec.Struct, array_like=True, frozen=True, tag=4):
    """A part of the data that this connection will train on. Not answered."""

    columns: Columns
    targets: list[Array]


class Train(msgspec.Struct, array_like=True, frozen=True, tag=5):
    """Train on the rows sent before. Answered by any number of Progress, then Trained."""

    seed: int


class Inspect(msgspec.Struct, array_like=True, frozen=True, tag=6):
    """Look into a model file. Answered by Looked."""

    path: str


Request = Predict | Explain | Ping | Rows | Train | Inspect


class Predicted(msgspec.Struct, array_like=True, frozen=True, tag=1):
    """What a model returned."""

    outputs: Annotated[list[Array], Meta(max_length=MAX_FIELDS)]


class Pong(msgspec.Struct, array_like=True, frozen=True, tag=3):
    """How a host is."""

    calls: int
    """Answered so far."""
    busy_s: float
    """How long the longest running call has been running; 0: none is."""
    idle_s: float
    """Since the last call began or ended."""


class Progress(msgspec.Struct, array_like=True, frozen=True, tag=4):
    """How far a training is."""

    fraction: float
    message: Text


class Trained(msgspec.Struct, array_like=True, frozen=True, tag=5):
    """The model is saved in `<scratch>/model`, and answers from now on."""

    explains: bool


class Looked(msgspec.Struct, array_like=True, frozen=True, tag=6):
    """An `Inspected`, as JSON."""

    inspected: bytes


class Failed(msgspec.Struct, array_like=True, frozen=True, tag=7):
    """The plugin raised: the code and sentence of minerva.errors to raise for it."""

    code: Text
    message: Text
    faults: Annotated[list[tuple[Text, Text]], Meta(max_length=MAX_FAULTS)] = []


Answer = Predicted | Pong | Progress | Trained | Looked | Failed

_encoder = msgspec.msgpack.Encoder()
requests = msgspec.msgpack.Decoder(Request)
answers = msgspec.msgpack.Decoder(Answer)


def frame(message: Request | Answer) -> bytearray:
    """Return the message as it is sent. Raises TooLarge."""
    framed = bytearray(_LENGTH.size)
    _encoder.encode_into(message, framed, _LENGTH.size)
    length = len(framed) - _LENGTH.size
    if length > MAX_FRAME:
        raise TooLarge(
            f"A message to or from a model's process is larger than {MAX_FRAME // 1024**2} MiB: "
            "send fewer records at once."
        )
    _LENGTH.pack_into(framed, 0, length)
    return framed


class Frames:
    """The incoming frames of one connection."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._rest: bytes | bytearray = b""

    def next(self, most: int = MAX_FRAME) -> memoryview | None:
        """Return the body of the next frame, None at the orderly end.

        Raises Garbled for one larger than `most`, CutOff if it ends too soon, TimeoutError by the
        socket's timeout, and OSError.
        """
        read = self._rest or self._connection.recv(CHUNK)
        if not read:
            return None
        if len(read) < _LENGTH.size:
            read = self._fill(read, _LENGTH.size)
        end = _LENGTH.size + _LENGTH.unpack_from(read)[0]
        if end > most + _LENGTH.size:
            raise Garbled("a frame is larger than it may be")
        if len(read) < end:
            read = self._fill(read, end)
        self._rest = read[end:]
        return memoryview(read)[_LENGTH.size : end]

    def _fill(self, read: bytes | bytearray, size: int) -> bytearray:
        """Read on until there are `size` bytes. Memory grows with what comes, not with what is said."""
        timeout_s = self._connection.gettimeout()
        until = math.inf if timeout_s is None else time.monotonic() + timeout_s
        filled = bytearray(read)
        while len(filled) < size:
            more = self._connection.recv(min(size - len(filled), 16 * CHUNK))
            if not more:
                raise CutOff("a frame is cut off")
            if time.monotonic() > until:  # one byte at a time is no answer in time
                raise TimeoutError
            filled += more
        return filled


class Layout:
    """How batches of one schema travel; worked out once, on both sides."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        types = {name: schema.inputs[name].type for name in schema.features}
        self._ints = [name for name in types if types[name] is FieldType.CATEGORY]
        self._texts = [name for name in types if types[name] is FieldType.TEXT]
        self._floats = [n for n in types if n not in {*self._ints, *self._texts}]
        self._in_order = not (self._ints or self._texts)
        self.row_bytes = 8 * len(self._floats) + 4 * len(self._ints) + 64 * len(self._texts)
        """About how long a record is."""
        wide = sum(max(1, len(field.values)) for field in schema.output.values())
        self._answer_row_bytes = 2 * LONGEST_ITEM * max(wide, len(types))

    def pack(self, batch: Batch) -> Columns:
        """Return the batch as it is sent."""
        columns = batch.columns
        texts = [columns[name].tolist() for name in self._texts]
        return Columns(
            batch.rows,
            _block([columns[name] for name in self._floats], "<f8"),
            _block([columns[name] for name in self._ints], "<i4"),
            texts if _encodable(texts) else [_replaced(text) for text in texts],
        )

    def unpack(self, sent: Columns) -> Batch:
        """Return the batch that was sent. Raises Garbled if it does not fit the schema."""
        rows = sent.rows
        if (
            len(sent.floats) != 8 * rows * len(self._floats)
            or len(sent.ints) != 4 * rows * len(self._ints)
            or len(sent.texts) != len(self._texts)
            or any(len(text) != rows for text in sent.texts)
        ):
            raise Garbled("a batch does not fit the schema")
        floats = np.frombuffer(sent.floats, "<f8").reshape(len(self._floats), rows)
        columns: dict[str, NDArray[Any]] = dict(zip(self._floats, floats, strict=True))
        if not self._in_order:
            ints = np.frombuffer(sent.ints, "<i4").reshape(len(self._ints), rows)
            columns |= dict(zip(self._ints, ints, strict=True))
            columns |= {n: _texts(t) for n, t in zip(self._texts, sent.texts, strict=True)}
            columns = {name: columns[name] for name in self._schema.features}
        return Batch(self._schema, columns, rows)

    def longest_answer(self, rows: int) -> int:
        """Return the bytes that an answer about so many records may have, with room for a wrong one."""
        return 1024**2 + rows * self._answer_row_bytes


def _block(columns: Sequence[NDArray[Any]], dtype: str) -> Block:
    if not columns:
        return Block()
    return np.concatenate(columns, dtype=dtype, casting="same_kind").tobytes()  # type: ignore[return-value]  # see Block


def _texts(values: list[str | None]) -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _encodable(texts: list[list[str | None]]) -> bool:
    try:
        _encoder.encode(texts)
    except UnicodeEncodeError:
        return False
    return True


def _replaced(text: list[str | None]) -> list[str | None]:
    """Half a surrogate pair, which JSON lets through, is no text to anyone else."""
    return [t if t is None else t.encode(errors="replace").decode() for t in text]


def pack_outputs(outputs: Mapping[str, Any]) -> list[Array]:
    """Return what a model gave as it is sent. Raises AlgorithmFailed for what is not numbers."""
    return [pack_array(str(name), values) for name, values in outputs.items()]


def pack_array(name: str, values: Any) -> Array:
    """Return an array as it is sent. Raises AlgorithmFailed for what is not numbers."""
    array = np.asarray(values)
    if array.dtype.kind == "b":
        array = array.astype(np.uint8)
    if array.dtype.str not in _NUMERIC:
        if array.dtype.kind not in "iuf":
            raise AlgorithmFailed(f"Output {name!r} holds {array.dtype}, not numbers.")
        array = array.astype(array.dtype.newbyteorder("<") if array.itemsize <= 8 else "<f8")  # noqa: PLR2004 - bytes of the longest that others know
    return Array(name, array.dtype.str, array.shape, array.tobytes())  # type: ignore[arg-type]  # see Block


def unpack_array(sent: Array) -> NDArray[Any]:
    """Return the array that was sent, a writable one. Raises Garbled if shape and bytes contradict."""
    dtype = _NUMERIC.get(sent.dtype)
    if dtype is None or math.prod(sent.shape) * dtype.itemsize != len(sent.data):
        raise Garbled("an array is not what it says")
    try:
        return np.frombuffer(sent.data, dtype).reshape(sent.shape)
    except ValueError as error:  # dimensions beyond numpy's, of which one is zero
        raise Garbled("an array is not what it says") from error
