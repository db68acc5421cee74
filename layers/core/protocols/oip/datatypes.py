"""The protocol's datatypes, and what JSON values and bytes are of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.errors import Fault
from minerva.schema.decoder import MAX_FAULTS
from minerva.schema.value import kind

BYTES = "BYTES"
_LENGTH = struct.Struct("<I")


class Unfit(Exception):
    """Data that is not of its datatype; each fault's place is a position in the data, or empty."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__()
        self.faults = faults


@dataclass(frozen=True)
class Datatype:
    """Numbers of one size, or truth."""

    name: str
    dtype: np.dtype[Any]
    """Little-endian, as binary data is."""

    def from_json(self, values: Sequence[Any]) -> NDArray[Any]:
        """Return values of a flat JSON array; null is missing, which makes floats of them.

        Raises Unfit.
        """
        kinds = set(map(type, values))
        gaps = type(None) in kinds
        if not self._kinds.issuperset(kinds - {type(None)}):
            raise self._unfit(values)
        try:
            if not gaps:
                return self._array(values)
            column = np.full(len(values), np.nan)
            present = [at for at, value in enumerate(values) if value is not None]
            column[present] = self._array([values[at] for at in present])
        except (OverflowError, FloatingPointError):
            raise self._unfit(values) from None
        return column

    def from_bytes(self, data: memoryview, count: int) -> NDArray[Any]:
        """Return `count` values of binary data. Raises Unfit."""
        size = count * self.dtype.itemsize
        if len(data) != size:
            shape = f"{count} values of {self.name}"
            raise Unfit(Fault("", f"is {len(data)} bytes long, {shape} are {size}"))
        if self.dtype.kind != "b":
            return np.frombuffer(data, self.dtype)
        bits = np.frombuffer(data, np.uint8)
        wrong = np.flatnonzero(bits > 1)[:MAX_FAULTS].tolist()
        if wrong:
            raise Unfit(*(Fault(str(at), "is a byte other than 0 and 1") for at in wrong))
        return bits.view(np.bool_)

    @property
    def _kinds(self) -> set[type]:
        kinds: dict[str, set[type]] = {"b": {bool}, "f": {int, float}}
        return kinds.get(self.dtype.kind, {int})

    def _array(self, values: Sequence[Any]) -> NDArray[Any]:
        with np.errstate(over="raise"):
            column = np.array(values, np.float64 if self.dtype.kind == "f" else self.dtype)
            return column.astype(self.dtype, copy=False)

    def _unfit(self, values: Sequence[Any]) -> Unfit:
        wrong = ((at, self._why(value)) for at, value in enumerate(values))
        return Unfit(*[Fault(str(at), why) for at, why in wrong if why][:MAX_FAULTS])

    def _why(self, value: Any) -> str | None:
        expected = {"b": "true or false", "f": "a number"}.get(self.dtype.kind, "a whole number")
        if value is None:
            return None
        if type(value) not in self._kinds:
            got = "a fraction" if type(value) is float else kind(value)
            return f"expected {expected} ({self.name}), got {got}"
        if self.dtype.kind == "b":
            return None
        low, high = self._limits
        return None if low <= value <= high else f"is beyond what {self.name} can hold"

    @property
    def _limits(self) -> tuple[float, float]:
        if self.dtype.kind == "f":
            return float(np.finfo(self.dtype).min), float(np.finfo(self.dtype).max)
        return int(np.iinfo(self.dtype).min), int(np.iinfo(self.dtype).max)


_NUMPY = {
    "BOOL": "?",
    **{f"UINT{8 * size}": f"<u{size}" for size in (1, 2, 4, 8)},
    **{f"INT{8 * size}": f"<i{size}" for size in (1, 2, 4, 8)},
    **{f"FP{8 * size}": f"<f{size}" for size in (2, 4, 8)},
}
NUMERIC = {name: Datatype(name, np.dtype(code)) for name, code in _NUMPY.items()}
NAMES = (*NUMERIC, BYTES)


def texts_from_json(values: Sequence[Any]) -> NDArray[np.object_]:
    """Return BYTES of a flat JSON array, which are texts there; null is missing. Raises Unfit."""
    if not {str, type(None)}.issuperset(map(type, values)):
        wrong = [
            Fault(str(at), f"expected text ({BYTES}), got {kind(value)}")
            for at, value in enumerate(values)
            if not (value is None or type(value) is str)
        ]
        raise Unfit(*wrong[:MAX_FAULTS])
    return _objects(values)


def texts_from_bytes(data: memoryview, count: int) -> NDArray[np.object_]:
    """Return `count` BYTES of binary data: each a length (4 bytes) and so much UTF-8. Raises Unfit."""
    found: list[str] = []
    at = 0
    while at < len(data):
        if len(found) == count:
            raise Unfit(Fault("", f"goes on after the {count} values of the shape"))
        start = at + _LENGTH.size
        if start > len(data) or (end := start + _LENGTH.unpack_from(data, at)[0]) > len(data):
            raise Unfit(Fault(str(len(found)), "is longer than the binary data goes on"))
        try:
            found.append(str(data[start:end], "utf-8"))
        except UnicodeDecodeError:
            raise Unfit(Fault(str(len(found)), "is not text in UTF-8")) from None
        at = end
    if len(found) < count:
        raise Unfit(Fault("", f"holds {len(found)} values, the shape says {count}"))
    return _objects(found)


def to_bytes(texts: Sequence[str]) -> bytes:
    """Return texts as binary data."""
    encoded = [text.encode() for text in texts]
    return b"".join([part for text in encoded for part in (_LENGTH.pack(len(text)), text)])


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
