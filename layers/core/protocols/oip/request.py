"""An inference request: its tensors as a Question's columns, and which outputs it wants how."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from minerva.errors import Fault, InvalidBody, InvalidInput
from minerva.layers.abstraction.serving.question import Question
from minerva.layers.abstraction.serving.wishes import NONE, Wishes
from minerva.layers.core.protocols.oip.outputs import added, wished
from minerva.layers.core.protocols.oip.tensor import (
    Tensor,
    misfit,
    name_of,
    parameters_of,
    read_tensors,
    switch,
)
from minerva.schema import Schema
from minerva.schema.columns import Where
from minerva.schema.decoder import pointer
from minerva.schema.value import kind
from minerva.spelling import doubt

HEADER_LENGTH = "Inference-Header-Content-Length"
"""The HTTP header that tells how many bytes of a body are JSON; binary data follows."""


@dataclass(frozen=True)
class Wanted:
    """An output that is asked for."""

    name: str
    binary: bool


@dataclass(frozen=True)
class InferRequest:
    """What a caller asks."""

    question: Question
    id: str | None
    """The caller's own name for the request, for the answer to repeat."""
    wanted: Sequence[Wanted] | None
    """None: every output."""
    binary: bool
    """Whether outputs that are not `wanted` one by one come as binary data."""
    matrix: NDArray[Any] | None = None
    """The one tensor that brings all features, shape (n, features), where they came so."""


def split(body: bytes, header_length: str | None) -> tuple[bytes, memoryview]:
    """Return the JSON of a body, and the binary data after it. Raises InvalidBody."""
    if header_length is None:
        return body, memoryview(b"")
    text = header_length.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004 - more than any body has
        raise InvalidBody(f"The header {HEADER_LENGTH} is not a number of bytes.")
    length = int(text)
    if length > len(body):
        raise InvalidBody(
            f"The header {HEADER_LENGTH} says {length} bytes of JSON, the body has {len(body)}."
        )
    return body[:length], memoryview(body)[length:]


def read_request(
    sent: Any, tail: memoryview, schema: Schema, outputs: Collection[str], most_rows: int
) -> InferRequest:
    """Return what a request asks a service that has this schema and can give these outputs.

    Raises InvalidInput, and TooLarge for more than `most_rows`. Members that the protocol does not
    know are passed over, as it demands for parameters.
    """
    if type(sent) is not dict:
        raise InvalidBody(
            "The body is not a JSON object.", faults=[Fault("", "expected an object")]
        )
    identifier = sent.get("id", "")
    if type(identifier) is not str:
        raise misfit("/id", f"expected text, got {kind(identifier)}; it may be left out")
    parameters = parameters_of(sent, "")
    binary = switch(parameters, "binary_data_output", "", otherwise=False)
    wishes = _wishes(parameters) if parameters else NONE
    wanted, named = _wanted(sent.get("outputs"), outputs, schema, binary=binary)
    if wanted is not None and wishes:
        there = {one.name for one in wanted}
        wanted += [Wanted(name, binary) for name in added(schema, wishes) if name not in there]
    tensors = read_tensors(sent.get("inputs"), tail, most_rows)
    columns, where = _columns(tensors, schema)
    question = Question(columns=columns, where=where, wishes=wishes).wishing(named)
    only = tensors[0] if len(tensors) == 1 else None
    matrix = None if only is None or only.name in columns else only.values
    return InferRequest(question, identifier or None, wanted, binary, matrix)


def _wishes(parameters: Mapping[str, Any]) -> Wishes:
    def wanted(name: str) -> bool:
        return switch(parameters, name, "", otherwise=False)

    return Wishes.read(wanted, "/parameters/")


def _wanted(
    sent: Any, known: Collection[str], schema: Schema, *, binary: bool
) -> tuple[list[Wanted] | None, Wishes]:
    """Return the outputs that are named, None for all that are known, and the wishes that names say."""
    named = NONE
    if sent is None:
        return None, named
    if type(sent) is not list:
        raise misfit("/outputs", f"expected an array, got {kind(sent)}")
    wanted: dict[str, Wanted] = {}
    for position, one in enumerate(sent):
        where = f"/outputs/{position}"
        if type(one) is not dict:
            raise misfit(where, f"expected an object, got {kind(one)}")
        name, parameters = name_of(one, where), parameters_of(one, where)
        if name in wanted:
            raise misfit(f"{where}/name", "is asked for a second time")
        if name not in known:
            named |= _wish(name, known, schema, f"{where}/name")
        if parameters.get("classification"):
            raise misfit(
                f"{where}/parameters/classification", "not offered: ask for the probabilities"
            )
        wanted[name] = Wanted(name, switch(parameters, "binary_data", where, otherwise=binary))
    return list(wanted.values()) or None, named


def _wish(name: str, known: Collection[str], schema: Schema, where: str) -> Wishes:
    """Return the wish that an output's name says. Raises InvalidInput for one that is none."""
    beside = wished(schema)
    if name not in beside:
        said = doubt(name, (*known, *beside), f"there is {', '.join(known)}")
        raise misfit(where, f"is not an output of this service{said}")
    return Wishes(**{beside[name]: where})


def _columns(tensors: Sequence[Tensor], schema: Schema) -> tuple[dict[str, NDArray[Any]], Where]:
    """Return field → values, and where they stand. Raises InvalidInput."""
    fields = {*schema.inputs, schema.key}
    columns: dict[str, NDArray[Any]] = {}
    homes: dict[str, tuple[Tensor, int | None]] = {}
    faults: list[Fault] = []
    rows = len(tensors[0].values)
    for tensor in tensors:
        named = _fields_of(tensor, schema, fields)
        faults.extend(_misplaced(tensor, rows, named, homes))
        columns |= named
        matrix = tensor.name not in named
        homes |= {name: (tensor, at if matrix else None) for at, name in enumerate(named)}
    if faults:
        raise InvalidInput("The tensors do not fit the schema.", faults=faults)
    return columns, _places(homes)


def _fields_of(
    tensor: Tensor, schema: Schema, fields: Collection[str | None]
) -> dict[str, NDArray[Any]]:
    """Return the columns that a tensor brings: its own, or one for each feature."""
    values, features = tensor.values, schema.features
    if tensor.name in fields:
        if values.size != len(values):
            shape = list(values.shape)
            raise misfit(f"{tensor.where}/shape", f"is {shape}; a field has shape [n] or [n, 1]")
        return {tensor.name: values.reshape(-1)}
    if values.ndim != 2:  # noqa: PLR2004 - rows and columns
        return {tensor.name: values}
    if values.shape[1] != len(features):
        message = f"has {values.shape[1]} columns, the model's fields are {len(features)}: "
        raise misfit(f"{tensor.where}/shape", message + ", ".join(features))
    return {name: values[:, at] for at, name in enumerate(features)}


def _misplaced(
    tensor: Tensor, rows: int, named: Collection[str], before: Collection[str]
) -> list[Fault]:
    repeated = [name for name in named if name in before]
    if repeated:
        return [Fault(f"{tensor.where}/name", f"brings {repeated[0]!r} a second time")]
    if len(tensor.values) != rows:
        message = f"has {len(tensor.values)} rows, the first tensor has {rows}"
        return [Fault(f"{tensor.where}/shape", message)]
    return []


def _places(homes: Mapping[str, tuple[Tensor, int | None]]) -> Where:
    def where(name: str, row: int | None) -> str:
        if name not in homes:
            return f"/inputs/{pointer(name)}"
        tensor, column = homes[name]
        if row is None:
            return f"{tensor.where}/name"
        ones = [0] * (tensor.values.ndim - 1)
        return tensor.place(row, *ones) if column is None else tensor.place(row, column)

    return where
