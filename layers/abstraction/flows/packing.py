"""Items and what was made of them as bytes, for workers in other processes."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.errors import InvalidData
from minerva.layers.abstraction.flows.failure import Failure
from minerva.layers.abstraction.flows.work import Made
from minerva.step import Fields, Items


class Packed(msgspec.Struct, frozen=True):
    """A column: of numbers the bytes, of texts the texts."""

    dtype: str = ""
    content: bytes = b""
    texts: list[str | None] | None = None


class PackedItems(msgspec.Struct, frozen=True):
    """Items without their fields, which the flow knows."""

    columns: dict[str, Packed]
    of: bytes
    records: int


class PackedMade(msgspec.Struct, frozen=True):
    """What was made."""

    columns: dict[str, Packed]
    of: bytes | None
    failed: dict[int, Failure]


def pack_items(items: Items) -> bytes:
    """Return items as bytes."""
    columns = {name: _pack(column) for name, column in items.columns.items()}
    of = items.of.astype(np.int64).tobytes()
    return msgspec.msgpack.encode(PackedItems(columns, of, items.records))


def unpack_items(content: bytes, fields: Fields) -> Items:
    """Return the items. Raises InvalidData for what is none."""
    packed = _decode(content, PackedItems)
    columns = {name: _unpack(column) for name, column in packed.columns.items()}
    return Items(fields, columns, _places(packed.of), packed.records)


def pack_made(made: Made) -> bytes:
    """Return what was made as bytes."""
    columns = {name: _pack(column) for name, column in made.columns.items()}
    of = None if made.of is None else made.of.astype(np.int64).tobytes()
    return msgspec.msgpack.encode(PackedMade(columns, of, dict(made.failed)))


def unpack_made(content: bytes) -> Made:
    """Return what was made. Raises InvalidData for what is nothing of the kind."""
    packed = _decode(content, PackedMade)
    columns = {name: _unpack(column) for name, column in packed.columns.items()}
    of = None if packed.of is None else _places(packed.of)
    return Made(columns, of, packed.failed)


def _pack(column: NDArray[Any]) -> Packed:
    if column.dtype == object:
        return Packed(texts=[None if one is None else str(one) for one in column])
    return Packed(column.dtype.str, column.tobytes())


def _unpack(packed: Packed) -> NDArray[Any]:
    if packed.texts is not None:
        texts = np.empty(len(packed.texts), dtype=object)
        texts[:] = packed.texts
        return texts
    return np.frombuffer(packed.content, np.dtype(packed.dtype)).copy()


def _places(content: bytes) -> NDArray[np.intp]:
    return np.frombuffer(content, np.int64).astype(np.intp)


def _decode(content: bytes, kind: Any) -> Any:
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except msgspec.MsgspecError as error:
        raise InvalidData("A part of a flow's step is damaged.") from error
