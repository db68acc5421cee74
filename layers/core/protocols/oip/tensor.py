"""Reading one input tensor: what it says of itself, and its data as JSON or as bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from numpy.typing import NDArray

from minerva.errors import Fault, InvalidInput, MinervaError, TooLarge
from minerva.layers.core.protocols.oip.datatypes import (
    BYTES,
    NAMES,
    NUMERIC,
    Unfit,
    texts_from_bytes,
    texts_from_json,
)
from minerva.schema.value import kind
from minerva.spelling import doubt

SIZE = "binary_data_size"
MAX_DIMENSIONS = 8
MAX_SIZE = 2**63
SHARED_MEMORY = "shared_memory_region"


@dataclass(frozen=True, eq=False)
class Tensor:
    """An input tensor: `values` has the shape that was said."""

    name: str
    values: NDArray[Any]
    where: str
    """JSON pointer of the tensor in the request."""
    nested: bool
    """Whether its data came as arrays in arrays."""

    def place(self, *indices: int) -> str:
        """Return the JSON pointer of one value; in flat data, of its place in row-major order."""
        if self.nested:
            return f"{self.where}/data/" + "/".join(map(str, indices))
        flat = 0
        for index, length in zip(indices, self.values.shape, strict=False):
            flat = flat * length + index
        return f"{self.where}/data/{flat}"


@dataclass(frozen=True)
class Said:
    """What a tensor says of itself, checked."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    size: int | None
    """Bytes of its binary data; None where its data is JSON."""
    where: str

    @classmethod
    def of(cls, sent: Any, where: str) -> Said:
        """Read it. Raises InvalidInput."""
        if not isinstance(sent, dict):
            raise misfit(where, f"expected an object, got {kind(sent)}")
        return cls(
            name_of(sent, where),
            _datatype(sent, where),
            _shape(sent, where),
            _size(sent, where),
            where,
        )

    @property
    def count(self) -> int:
        """How many values the shape says there are."""
        return math.prod(self.shape)

    def from_json(self, data: Any) -> Tensor:
        """Return the tensor with JSON data, flat or nested. Raises InvalidInput."""
        if type(data) is not list:
            raise misfit(f"{self.where}/data", f"expected an array, got {kind(data)}")
        nested = len(self.shape) > 1 and any(type(item) is list for item in data)
        flat = self._flat(data) if nested else data
        if len(flat) != self.count:
            shape = list(self.shape)
            raise misfit(
                f"{self.where}/data", f"has {len(flat)} values, shape {shape} has {self.count}"
            )
        read = texts_from_json if self.datatype == BYTES else NUMERIC[self.datatype].from_json
        try:
            return self._made(read(flat), nested=nested)
        except Unfit as unfit:
            raise self._refused(unfit, nested=nested) from None

    def from_bytes(self, data: memoryview) -> Tensor:
        """Return the tensor with binary data. Raises InvalidInput."""
        try:
            if self.datatype == BYTES:
                return self._made(texts_from_bytes(data, self.count), nested=False)
            values = NUMERIC[self.datatype].from_bytes(data, self.count)
            return self._made(values, nested=False)
        except Unfit as unfit:
            raise self._refused(unfit, nested=False) from None

    def _flat(self, data: Sequence[Any]) -> list[Any]:
        """Return nested data in row-major order; every array must have the length that the shape says."""
        level: list[Any] = [data]
        for length in self.shape:
            if not all(type(items) is list and len(items) == length for items in level):
                shape = list(self.shape)
                raise misfit(f"{self.where}/data", f"is nested otherwise than shape {shape} says")
            level = list(chain.from_iterable(level))
        return level

    def _made(self, values: NDArray[Any], *, nested: bool) -> Tensor:
        return Tensor(self.name, values.reshape(self.shape), self.where, nested)

    def _refused(self, unfit: Unfit, *, nested: bool) -> InvalidInput:
        faults = [
            Fault(self._place(fault.where, nested=nested), fault.message) for fault in unfit.faults
        ]
        return InvalidInput(
            f"The data of tensor {self.name!r} is not {self.datatype}.", faults=faults
        )

    def _place(self, position: str, *, nested: bool) -> str:
        if not position:
            return f"{self.where}/data"
        indices, left = [], int(position)
        for length in reversed(self.shape if nested else (self.count,)):
            indices.append(left % length)
            left //= length
        return f"{self.where}/data/" + "/".join(map(str, reversed(indices)))


def read_tensors(sent: Any, tail: memoryview, most_rows: int) -> list[Tensor]:
    """Return the tensors of a request's `inputs`; binary data lies in `tail`, one after the other.

    Raises InvalidInput, and TooLarge for more than `most_rows`.
    """
    if type(sent) is not list:
        raise misfit(
            "/inputs", "is missing" if sent is None else f"expected an array, got {kind(sent)}"
        )
    if not sent:
        raise misfit("/inputs", "is empty; send at least one tensor")
    tensors: list[Tensor] = []
    at = 0
    for position, one in enumerate(sent):
        said = Said.of(one, f"/inputs/{position}")
        _check_rows(said, most_rows)
        if said.size is None:
            tensors.append(said.from_json(_data(one, said)))
            continue
        if at + said.size > len(tail):
            place = f"{said.where}/parameters/{SIZE}"
            raise misfit(place, f"is {said.size}, but only {len(tail) - at} bytes are left")
        tensors.append(said.from_bytes(tail[at : at + said.size]))
        at += said.size
    if at < len(tail):
        left = len(tail) - at
        raise misfit("/inputs", f"leaves {left} bytes of binary data to no tensor")
    return tensors


def name_of(sent: Mapping[str, Any], where: str) -> str:
    """Return the name of an input or output. Raises InvalidInput."""
    name = sent.get("name")
    if type(name) is not str or not name:
        raise misfit(f"{where}/name", "is missing" if name is None else "expected text, not empty")
    return name


def parameters_of(sent: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the parameters of a request, an input or an output. Raises InvalidInput."""
    parameters = sent.get("parameters")
    if parameters is None:
        return {}
    if type(parameters) is not dict:
        raise misfit(f"{where}/parameters", f"expected an object, got {kind(parameters)}")
    if SHARED_MEMORY in parameters:
        place = f"{where}/parameters/{SHARED_MEMORY}"
        raise misfit(place, "there is no shared memory with this server: send the data")
    return parameters


def switch(parameters: Mapping[str, Any], name: str, where: str, *, otherwise: bool) -> bool:
    """Return a parameter that is true or false. Raises InvalidInput."""
    value = parameters.get(name, otherwise)
    if type(value) is not bool:
        raise misfit(f"{where}/parameters/{name}", f"expected true or false, got {kind(value)}")
    return value


def misfit(where: str, message: str) -> MinervaError:
    """Return the error of a request that does not say what it should."""
    return InvalidInput("The inference request does not fit.", faults=[Fault(where, message)])


def _check_rows(said: Said, most: int) -> None:
    rows = said.shape[0]
    if not rows:
        raise misfit(f"{said.where}/shape", "is an empty batch; send at least one row")
    if rows > most:
        fault = Fault(
            f"{said.where}/shape", f"has {rows} rows, {most} are allowed; send several calls"
        )
        raise TooLarge("These are too many at once.", faults=[fault])


def _data(sent: Mapping[str, Any], said: Said) -> Any:
    if sent.get("data") is None:
        raise misfit(f"{said.where}/data", f"is missing, and so is the parameter {SIZE}")
    return sent["data"]


def _datatype(sent: Mapping[str, Any], where: str) -> str:
    datatype = sent.get("datatype")
    if type(datatype) is str and datatype in NAMES:
        return datatype
    if type(datatype) is not str:
        raise misfit(f"{where}/datatype", "is missing" if datatype is None else "expected text")
    said = doubt(datatype, NAMES, f"there are {', '.join(NAMES)}")
    raise misfit(f"{where}/datatype", f"is no datatype{said}")


def _shape(sent: Mapping[str, Any], where: str) -> tuple[int, ...]:
    shape = sent.get("shape")
    if type(shape) is not list:
        raise misfit(f"{where}/shape", "is missing" if shape is None else "expected an array")
    if not 1 <= len(shape) <= MAX_DIMENSIONS:
        raise misfit(f"{where}/shape", f"expected 1 to {MAX_DIMENSIONS} dimensions")
    for at, length in enumerate(shape):
        if not _is_size(length):
            raise misfit(f"{where}/shape/{at}", "expected a whole number from 0 to 2^63")
    return tuple(shape)


def _size(sent: Mapping[str, Any], where: str) -> int | None:
    size: int | None = parameters_of(sent, where).get(SIZE)
    if size is None:
        return None
    if not _is_size(size):
        raise misfit(f"{where}/parameters/{SIZE}", "expected a number of bytes from 0 to 2^63")
    if sent.get("data") is not None:
        raise misfit(f"{where}/data", f"stands there beside the parameter {SIZE}: send one of both")
    return size


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value <= MAX_SIZE
