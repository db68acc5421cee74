"""`onnx`: a graph of the open standard ONNX, which most machine learning libraries export.

It takes one table of numbers, columns in the schema's order, or one tensor for each field, by name. A
text tensor is given a category's value (missing: an empty text), a number tensor its index, or its value
with `categories: value`. It answers with probabilities (a table, or a ZipMap), labels, or a number.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    Inspected,
    InvalidConfiguration,
    InvalidData,
    Parameters,
    Predictions,
    Schema,
    TrainingContext,
    TrainingData,
    hookimpl,
)
from minerva.errors import Fault
from minerva.layers.application.models.answering import (
    NUMERIC,
    Answer,
    Scores,
    answer_of,
    described,
    only_output,
    plain,
)
from minerva.layers.application.models.encoding import Categories, positional
from minerva.layers.application.models.onnx_graph import is_onnx
from minerva.layers.application.models.onnx_session import (
    FLOATS,
    TABLE,
    TEXT,
    Feed,
    Opened,
    feed_of,
    open_session,
)
from minerva.layers.application.models.trial import try_out
from minerva.layers.application.models.workspace_file import find, head

FILE = "model.onnx"
MAP = "seq(map("
Read = Callable[[Any], NDArray[Any]]
TYPES = {
    TEXT: "text",
    "tensor(int64)": "integer",
    "tensor(int32)": "integer",
    "tensor(bool)": "boolean",
}


class OnnxParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `onnx`."""

    path: Annotated[
        str,
        msgspec.Meta(
            min_length=1, description="Model file, .onnx, or its folder, in the workspace"
        ),
    ]
    categories: Annotated[
        Categories,
        msgspec.Meta(description="Where a number is wanted: a category's index, or its value"),
    ] = "index"
    scores: Annotated[
        Scores,
        msgspec.Meta(description="logit: the model's numbers go through softmax or sigmoid first"),
    ] = "probability"
    output: Annotated[
        str,
        msgspec.Meta(description="Which of the graph's outputs answers; empty: as it seems fit"),
    ] = ""


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """A checked session; ONNX Runtime's `run` is thread-safe."""

    opened: Opened
    feed: Feed
    output: str
    answer: Answer
    read: Read

    def predict(self, batch: Batch) -> Predictions:
        """Return probabilities of the classes or of true, or the expected number."""
        if not len(batch):  # some operators refuse nothing
            return {self.answer.name: self.answer.none()}
        if not self.opened.one_by_one or len(batch) == 1:
            return {self.answer.name: self._told(batch)}
        rows = [self._told(batch.take(np.array([row]))) for row in range(len(batch))]
        return {self.answer.name: np.concatenate(rows)}

    def _told(self, batch: Batch) -> NDArray[Any]:
        (told,) = self.opened.session.run([self.output], self.feed(batch))
        return self.read(told)

    def save(self, folder: Path) -> None:
        """Copy the file, and those beside it that hold its weights."""
        home = self.opened.files[0].parent
        for position, file in enumerate(self.opened.files):
            target = folder / (FILE if position == 0 else file.relative_to(home.resolve()))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


class Onnx(Algorithm):
    """A trained model in the ONNX format, from any library that exports it."""

    name = "onnx"
    Parameters = OnnxParameters
    needs_data = False

    def train(self, data: TrainingData, context: TrainingContext) -> OnnxModel:
        """Read and check the file; nothing is learnt."""
        del data
        return _imported(
            _file(find(context.parameters.path, context.workspace, folder=True)), context
        )

    def load(self, folder: Path, context: Context) -> OnnxModel:
        """Read the copy that `save` made."""
        return _imported(folder / FILE, context)

    def recognises(self, path: Path) -> bool:
        """Tell by the first bytes; a folder by the one .onnx file in it, unless it is MLflow's."""
        if path.is_dir():
            return len(list(path.glob("*.onnx"))) == 1 and not (path / "MLmodel").exists()
        start = head(path)
        return bool(start) and is_onnx(start, path.stat().st_size)

    def inspect(self, path: Path, context: Context | None) -> Inspected:
        """Tell the tensors' names and types, and the classes of a classifier."""
        del context
        opened = open_session(_file(path))
        inputs, notes = _inputs(opened)
        output, parameters, said = _described(opened)
        return Inspected(inputs=inputs, output=output, parameters=parameters, notes=[*notes, *said])


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm; ONNX Runtime itself is imported when it works."""
    return [Onnx()]


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = sorted(path.glob("*.onnx"))
    if len(found) != 1:
        raise InvalidData(f"{path.name} holds {len(found)} files that end in .onnx, not one.")
    return found[0]


def _imported(path: Path, context: Context) -> OnnxModel:
    opened, wanted, schema = open_session(path), context.parameters, context.schema
    feed = feed_of(opened, schema, wanted.categories, path.name)
    _, field = only_output(schema, path.name)
    output = _chosen(opened, wanted.output, number=field.type in NUMERIC)
    answer, read = _reader(opened, output, schema, wanted.scores, path.name)
    model = OnnxModel(opened, feed, output.name, answer, read)
    try_out(model, schema, path.name)
    return model


def _chosen(opened: Opened, named: str, *, number: bool) -> Any:
    """Return the output that answers best: probabilities before labels."""
    outputs = opened.session.get_outputs()
    if named:
        found = [one for one in outputs if one.name == named]
        if not found:
            there = ", ".join(one.name for one in outputs)
            message = f"The graph has no output {named!r}; it has {there}."
            fault = Fault("/parameters/output", f"unknown; there are {there}")
            raise InvalidConfiguration(message, faults=[fault])
        return found[0]

    def rank(one: Any) -> int:
        if one.type.startswith(MAP):
            return 9 if number else 0
        return 1 if one.type in FLOATS else 2

    return min(outputs, key=rank)


def _reader(
    opened: Opened, output: Any, schema: Schema, scores: Scores, file: str
) -> tuple[Answer, Read]:
    known, (_, field) = opened.graph.classes, schema.target()
    if output.type.startswith(MAP):
        answer = answer_of(schema, known, file)
        return answer, lambda told: answer.from_scores(_unzipped(told, known))
    if field.type in NUMERIC and output.type != TEXT:
        answer = answer_of(schema, 0, file)
        return answer, answer.from_scores
    if output.type in FLOATS:
        width = _width(output, len(field.values) or 2)
        answer = answer_of(schema, known if len(known) == width else width, file, scores)
        return answer, answer.from_scores
    if output.type == TEXT and not known:
        raise InvalidConfiguration(f"{file} answers with texts, but does not say which there are.")
    answer = answer_of(schema, known or len(field.values) or 2, file)
    return answer, lambda told: _positions(answer, told, known)


def _positions(answer: Answer, told: Any, known: Sequence[Any]) -> NDArray[Any]:
    labels = np.asarray(told).reshape(-1).tolist()
    places = {label: place for place, label in enumerate(known or range(len(answer.order)))}
    return answer.from_positions(np.array([places[label] for label in labels], dtype=np.int64))


def _unzipped(told: list[dict[Any, float]], known: Sequence[Any]) -> NDArray[np.float64]:
    rows = [[row[label] for label in known] for row in told]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(known))


def _width(output: Any, assumed: int) -> int:
    """How many classes a table of scores tells apart: one column is the second one's."""
    if len(output.shape) < TABLE:
        return 2
    columns = output.shape[1] if isinstance(output.shape[1], int) else assumed
    return max(columns, 2)


def _inputs(opened: Opened) -> tuple[dict[str, Any], list[str]]:
    inputs = opened.session.get_inputs()
    table = inputs[0]
    if len(inputs) == 1 and len(table.shape) == TABLE and table.type in FLOATS:
        if not isinstance(table.shape[1], int):
            return {}, ["The file does not say how many features it takes."]
        names = positional(table.shape[1])
        said = "The file takes one table without names: name the inputs, in this order."
        return {name: {"type": "number"} for name in names}, [said]
    notes = [
        f"{one.name}: if it has a fixed set of values, make it a category with these"
        for one in inputs
        if one.type == TEXT and one.name not in opened.graph.texts
    ]
    return {one.name: _field(one, opened) for one in inputs}, notes


def _field(one: Any, opened: Opened) -> dict[str, Any]:
    if one.name in opened.graph.texts:
        return {"type": "category", "values": list(opened.graph.texts[one.name])}
    return {"type": TYPES.get(one.type, "number")}


def _described(opened: Opened) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Return output, parameters and notes."""
    known = [plain(label) for label in opened.graph.classes]
    output = _chosen(opened, "", number=False)
    if output.type.startswith(MAP) or (known and output.type in (*FLOATS, *TYPES)):
        return described(known), {}, []
    columns = _width(output, 0) if len(output.shape) == TABLE and output.shape[1] != 1 else 1
    if output.type not in FLOATS or columns == 1:
        said = "The file gives one number for a record: if it is a chance, make the output boolean."
        return {"type": "number"}, {}, [said]
    said = (
        f"The file gives {columns} numbers for a record, taken for classes: name these, in order."
    )
    raw = "If they are no probabilities yet, add `scores: logit` to the parameters."
    return {"type": "category", "values": list(range(columns))}, {}, [said, raw]
