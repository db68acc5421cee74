"""`torch.model`: a PyTorch program saved by `torch.export.save` (.pt2), or TorchScript (.pt).

It takes one float tensor of shape (n, features), in the schema's order, categories as their index or,
with `categories: value`, as their number; missing values are NaN. Its answer is a tensor (n, classes)
or (n,). Weights alone are no model: there is no code to run them with.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterable
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
    InvalidData,
    Parameters,
    Predictions,
    TrainingContext,
    TrainingData,
    hookimpl,
)
from minerva.layers.application.models.answering import (
    NUMERIC,
    Answer,
    Scores,
    answer_of,
    only_output,
)
from minerva.layers.application.models.encoding import (
    Categories,
    check_numeric,
    features_of,
    matrix,
    positional,
)
from minerva.layers.application.models.libraries import library
from minerva.layers.application.models.torch_archive import kind_of
from minerva.layers.application.models.torch_program import Program, read_program
from minerva.layers.application.models.trial import reason, try_out
from minerva.layers.application.models.workspace_file import find

FILES = {True: "model.pt2", False: "model.pt"}
"""PyTorch reads an exported program only under this suffix."""


class TorchParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `torch.model`."""

    path: Annotated[
        str, msgspec.Meta(min_length=1, description="Model file, .pt2 or .pt, in the workspace")
    ]
    categories: Annotated[
        Categories,
        msgspec.Meta(
            description="Hand categories over as their index in the schema, or their value"
        ),
    ] = "index"
    scores: Annotated[
        Scores,
        msgspec.Meta(description="logit: the model's numbers go through softmax or sigmoid first"),
    ] = "probability"


@dataclass(frozen=True, eq=False)
class TorchModel:
    """A checked program. Thread-safe: it is only evaluated."""

    program: Program
    features: tuple[str, ...]
    answer: Answer
    categories: Categories
    source: Path

    def predict(self, batch: Batch) -> Predictions:
        """Return probabilities of the classes or of true, or the expected number."""
        if not len(batch):
            return {self.answer.name: self.answer.none()}
        rows = matrix(batch, self.features, self.categories, self.program.dtype)
        return {self.answer.name: self.answer.from_scores(self.program(rows))}

    def save(self, folder: Path) -> None:
        """Copy the file as it was brought."""
        shutil.copyfile(self.source, folder / FILES[kind_of(self.source) == "exported"])


class Torch(Algorithm):
    """A trained PyTorch model brought as an exported program."""

    name = "torch.model"
    Parameters = TorchParameters
    needs_data = False

    def train(self, data: TrainingData, context: TrainingContext) -> TorchModel:
        """Read and check the file; nothing is learnt."""
        del data
        return _imported(find(context.parameters.path, context.workspace), context)

    def load(self, folder: Path, context: Context) -> TorchModel:
        """Read the copy that `save` made."""
        found = next(p for p in map(folder.joinpath, FILES.values()) if p.exists())
        return _imported(found, context)

    def recognises(self, path: Path) -> bool:
        """Tell by the names in the archive; weights alone too, to say what is wrong with them."""
        return kind_of(path) != "other"

    def inspect(self, path: Path, context: Context | None) -> Inspected:
        """Tell the number of features and of answers."""
        program = read_program(path, allow_pickle=context is not None and context.allow_pickle)
        if program.width is None:
            return Inspected(notes=["The file does not say how many features it takes."])
        names = positional(program.width)
        told = _asked(program, program.width, path.name)
        output, parameters, notes = _described(told)
        return Inspected(
            inputs={name: {"type": "number"} for name in names},
            output=output,
            parameters=parameters,
            notes=["The file does not name its features: name the inputs, in this order.", *notes],
        )


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm; PyTorch itself is imported when it works."""
    return [Torch()]


def _imported(path: Path, context: Context) -> TorchModel:
    wanted, schema = context.parameters, context.schema
    program = read_program(path, allow_pickle=context.allow_pickle)
    features = features_of(
        None, len(schema.features) if program.width is None else program.width, schema, path.name
    )
    check_numeric(schema, wanted.categories, path.name)
    _, field = only_output(schema, path.name)
    told = _asked(program, len(features), path.name)
    classes = 0 if field.type in NUMERIC else max(_columns(told), 2)
    answer = answer_of(schema, classes, path.name, wanted.scores)
    model = TorchModel(program, features, answer, wanted.categories, path)
    try_out(model, schema, path.name)
    return model


def _asked(program: Program, width: int, file: str) -> NDArray[Any]:
    """Ask with made-up numbers, to see the shape of the answer and whether it is probabilities."""
    library("torch", "torch", "PyTorch")
    rows = np.linspace(-2, 2, 4 * width).reshape(4, width).astype(program.dtype)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            told = program(rows)
    except InvalidData:
        raise
    except Exception as error:
        raise InvalidData(
            f"{file} cannot be asked with {width} features: {reason(error)}"
        ) from error
    if told.ndim not in (1, 2) or len(told) != len(rows):
        raise InvalidData(f"{file} answers with a tensor of shape {told.shape} to 4 records.")
    return told


def _columns(told: NDArray[Any]) -> int:
    return 1 if told.ndim == 1 else int(told.shape[1])


def _described(told: NDArray[Any]) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    columns = _columns(told)
    if columns == 1:
        said = "The file gives one number for a record: if it is a chance, make the output boolean."
        return {"type": "number"}, {}, [said]
    said = (
        f"The file gives {columns} numbers for a record, taken for classes: name these, in order."
    )
    shares = bool((told >= 0).all() and np.allclose(told.sum(axis=1), 1, atol=1e-3))
    parameters = {} if shares else {"scores": "logit"}
    return {"type": "category", "values": list(range(columns))}, parameters, [said]
