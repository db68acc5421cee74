"""An ONNX Runtime session, and how a batch becomes its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import (
    Batch,
    Field,
    FieldType,
    InvalidConfiguration,
    InvalidData,
    MinervaError,
    Schema,
)
from minerva.errors import Fault
from minerva.layers.application.models.encoding import (
    Categories,
    check_numeric,
    features_of,
    matrix,
    numbers,
    values,
)
from minerva.layers.application.models.libraries import onnx_library
from minerva.layers.application.models.onnx_graph import OnnxFile, companions, read_graph
from minerva.layers.application.models.trial import reason
from minerva.layers.application.models.workspace_file import read

FLOATS: Mapping[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
}
WHOLE: Mapping[str, type[Any]] = {
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
TEXT = "tensor(string)"
SILENT = 4
TABLE = 2
Feed = Callable[[Batch], dict[str, NDArray[Any]]]


@dataclass(frozen=True, eq=False)
class Opened:
    """A session, what its file says, and the files that it was made of."""

    session: Any
    graph: OnnxFile
    files: tuple[Path, ...]
    one_by_one: bool
    """The file takes one record at a time."""


def open_session(path: Path) -> Opened:
    """Open with one thread. Raises InvalidData for what ONNX Runtime cannot run."""
    graph = read_graph(read(path), path.name)
    if graph.foreign:
        raise InvalidData(
            f"{path.name} needs operators that ONNX Runtime does not have: "
            f"{', '.join(graph.foreign[:10])}; export the model without custom operators."
        )
    files = (path, *companions(path, graph.external))
    try:
        session = session_of(path)
    except MinervaError:
        raise
    except Exception as error:
        raise InvalidData(f"ONNX Runtime cannot run {path.name}: {_reason(error)}") from error
    return Opened(session, graph, files, _one_by_one(session, path.name))


def session_of(model: Path | bytes) -> Any:
    """Return a session with one thread. Raises InvalidConfiguration without ONNX Runtime, or its error."""
    runtime = onnx_library()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = SILENT
    given = model if isinstance(model, bytes) else str(model)
    return runtime.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def feed_of(opened: Opened, schema: Schema, categories: Categories, file: str) -> Feed:
    """Return what makes a session's inputs of a batch.

    Raises InvalidConfiguration if the schema does not fit them.
    """
    inputs = opened.session.get_inputs()
    table = inputs[0]
    if len(inputs) == 1 and len(table.shape) == TABLE and table.name not in schema.features:
        width = table.shape[1] if isinstance(table.shape[1], int) else len(schema.features)
        features = features_of(None, width, schema, file)
        check_numeric(schema, categories, file)
        if table.type not in FLOATS:
            raise InvalidConfiguration(f"{file} takes a table of {table.type}, not of floats.")
        dtype = FLOATS[table.type]
        return lambda batch: {table.name: matrix(batch, features, categories, dtype)}
    features_of([one.name for one in inputs], len(inputs), schema, file)
    faults = [
        fault for one in inputs for fault in _faults(one, schema.inputs[one.name], categories)
    ]
    if faults:
        raise InvalidConfiguration(f"{file} does not fit the schema.", faults=faults)
    return lambda batch: {
        one.name: _column(batch, one, categories).reshape((-1, 1)[: len(one.shape)])
        for one in inputs
    }


def _column(batch: Batch, wanted: Any, categories: Categories) -> NDArray[Any]:
    if wanted.type == TEXT:
        column = values(batch, wanted.name)
        if column.dtype != object:
            column = np.array(["" if one != one else f"{one:g}" for one in column], dtype=object)  # noqa: PLR0124 - NaN is the one value that differs from itself
        return np.array(["" if one is None else one for one in column], dtype=object)
    dtype = FLOATS.get(wanted.type) or WHOLE[wanted.type]
    return numbers(batch, wanted.name, categories).astype(dtype)


def _faults(wanted: Any, field: Field, categories: Categories) -> list[Fault]:
    where = f"/schema/inputs/{wanted.name}"
    if len(wanted.shape) > TABLE or wanted.shape[1:] not in ([], [1]):
        return [Fault(where, f"the model takes a tensor of shape {wanted.shape}, not one value")]
    if wanted.type == TEXT:
        texts = field.type in (FieldType.TEXT, FieldType.CATEGORY)
        return [] if texts else [Fault(where, "the model takes text here")]
    if wanted.type not in (*FLOATS, *WHOLE):
        return [Fault(where, f"the model takes {wanted.type}, which no field has")]
    if field.type is FieldType.TEXT:
        return [Fault(where, "is text, but the model takes a number here")]
    words = any(isinstance(value, str) for value in field.values)
    if words and categories == "value":
        return [
            Fault(where, "the model takes a number here: set the parameter `categories: index`")
        ]
    if wanted.type in WHOLE and field.nullable:
        said = "the model takes a whole number here, which cannot be missing: take `nullable` away"
        return [Fault(where, said)]
    return []


def _one_by_one(session: Any, file: str) -> bool:
    """Whether the batch has a fixed size of one. Raises InvalidData for another fixed size."""
    inputs = session.get_inputs()
    if not inputs or any(not one.shape for one in inputs):
        raise InvalidData(f"{file} takes no table of records.")
    sizes = {one.shape[0] for one in inputs if isinstance(one.shape[0], int)}
    if sizes - {1}:
        raise InvalidData(
            f"{file} takes exactly {max(sizes)} records at once: export it with a first dimension "
            "that may vary."
        )
    return sizes == {1}


def _reason(error: Exception) -> str:
    """Leave out code and path that ONNX Runtime puts before its message."""
    said = str(error).rpartition("failed:")[2]
    return reason(ValueError(said))
