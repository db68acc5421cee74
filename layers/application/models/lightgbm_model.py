"""`lightgbm.model`: a LightGBM model saved as text, with its categories and missing values.

A category that came from a pandas column is handed over as its index in the schema's values, which must
stand in the model's order; one that was a whole number in training as that number (`categories: value`).
Answers of a one-against-all objective are divided by their sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from minerva import (
    Algorithm,
    Batch,
    Context,
    FieldType,
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
from minerva.layers.application.models.answering import NUMERIC, Answer, answer_of
from minerva.layers.application.models.encoding import (
    Categories,
    check_numeric,
    features_of,
    matrix,
    positional,
)
from minerva.layers.application.models.libraries import library
from minerva.layers.application.models.lightgbm_text import (
    LightGBMText,
    objective_name,
    read_text,
    sanitised,
)
from minerva.layers.application.models.trial import reason, try_out
from minerva.layers.application.models.workspace_file import find, head, read

FILE = "model.txt"
CHANCES = ("binary", "cross_entropy", "cross_entropy_lambda")
EITHER = CHANCES[1:]
"""These answer a number between 0 and 1 as well as a chance."""
CLASSES = ("multiclass", "multiclassova")


class LightGBMParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `lightgbm.model`."""

    path: Annotated[
        str, msgspec.Meta(min_length=1, description="Model file, as text, in the workspace")
    ]
    categories: Annotated[
        Categories,
        msgspec.Meta(
            description="Hand categories over as their index in the schema, or their value"
        ),
    ] = "index"


@dataclass(frozen=True, eq=False)
class LightGBMModel:
    """A checked booster. Thread-safe: every call makes a predictor of its own."""

    booster: Any
    features: tuple[str, ...]
    answer: Answer
    categories: Categories
    normalise: bool
    raw: bytes

    def predict(self, batch: Batch) -> Predictions:
        """Return probabilities of the classes or of true, or the expected number."""
        if not len(batch):  # LightGBM refuses nothing
            return {self.answer.name: self.answer.none()}
        rows = matrix(batch, self.features, self.categories, np.float64)
        told = np.asarray(self.booster.predict(rows, num_threads=1, verbose=-1))
        if self.normalise:
            told = told / told.sum(axis=1, keepdims=True)
        return {self.answer.name: self.answer.from_scores(told)}

    def save(self, folder: Path) -> None:
        """Copy the file as it was brought."""
        (folder / FILE).write_bytes(self.raw)


class LightGBM(Algorithm):
    """A trained LightGBM model brought as a text file."""

    name = "lightgbm.model"
    Parameters = LightGBMParameters
    needs_data = False

    def train(self, data: TrainingData, context: TrainingContext) -> LightGBMModel:
        """Read and check the file; nothing is learnt."""
        del data
        path: str = context.parameters.path
        return _imported(read(find(path, context.workspace)), context, path)

    def load(self, folder: Path, context: Context) -> LightGBMModel:
        """Read the copy that `save` made."""
        return _imported((folder / FILE).read_bytes(), context, FILE)

    def recognises(self, path: Path) -> bool:
        """Tell by the first lines."""
        return head(path).startswith(b"tree\nversion=")

    def inspect(self, path: Path, context: Context | None) -> Inspected:
        """Tell names, categories, and which features were missing in training."""
        del context
        text = read_text(read(path), path.name)
        _booster(text, path.name)
        output, said = _output(text)
        unnamed = "The file does not name its features: give the inputs their names, in this order."
        whole = any(text.categorical) and text.frame is None
        return Inspected(
            inputs=_inputs(text),
            output=output,
            parameters={"categories": "value"} if whole else {},
            notes=[*([unnamed] if text.unnamed else []), *said],
        )


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm; LightGBM itself is imported when it works."""
    return [LightGBM()]


def _imported(raw: bytes, context: Context, file: str) -> LightGBMModel:
    text = read_text(raw, file)
    schema, wanted = context.schema, context.parameters
    features = features_of(_names(text, schema), len(text.names), schema, file)
    check_numeric(schema, wanted.categories, file)
    _check_categories(text, schema, features, file)
    model = LightGBMModel(
        booster=_booster(text, file),
        features=features,
        answer=_answer(text, schema, file),
        categories=wanted.categories,
        normalise=objective_name(text) == "multiclassova",
        raw=raw,
    )
    try_out(model, schema, file)
    return model


def _booster(text: LightGBMText, file: str) -> Any:
    lightgbm = library("lightgbm", "lightgbm", "LightGBM")
    try:
        return lightgbm.Booster(model_str=text.text)
    except lightgbm.basic.LightGBMError as error:
        raise InvalidData(f"LightGBM cannot read {file}: {reason(error)}") from error


def _names(text: LightGBMText, schema: Schema) -> list[str] | None:
    """Return the model's names in the schema's spelling; None where it has none of its own."""
    if text.unnamed and not set(text.names) & set(schema.features):
        return None
    spelt = dict(zip(sanitised(schema.features), schema.features, strict=True))
    return [spelt.get(name, name) for name in text.names]


def _answer(text: LightGBMText, schema: Schema, file: str) -> Answer:
    objective = objective_name(text)
    number = schema.target()[1].type in NUMERIC
    if objective in CHANCES and not (number and objective in EITHER):
        return answer_of(schema, 2, file)
    return answer_of(schema, text.classes if objective in CLASSES else 0, file)


def _frame_values(text: LightGBMText) -> dict[int, tuple[Any, ...]]:
    """Return position of a feature → its values in the DataFrame, as far as the file tells."""
    chosen = [position for position, is_one in enumerate(text.categorical) if is_one]
    if text.frame is None or len(text.frame) != len(chosen):
        return {}  # a column without variation is no category in the file
    return dict(zip(chosen, text.frame, strict=True))


def _check_categories(
    text: LightGBMText, schema: Schema, features: tuple[str, ...], file: str
) -> None:
    known = _frame_values(text)
    faults = []
    for position, name in enumerate(features):
        field = schema.inputs[name]
        if position in known and field.type is not FieldType.CATEGORY:
            faults.append(Fault(f"/schema/inputs/{name}", "is a category in the model"))
        elif position in known and _texts(field.values) != _texts(known[position]):
            order = ", ".join(map(repr, known[position][:20]))
            said = f"its values must be the model's, in the model's order: {order}"
            faults.append(Fault(f"/schema/inputs/{name}", said))
    if faults:
        raise InvalidConfiguration(f"{file} does not fit the schema.", faults=faults)


def _texts(values: Iterable[Any]) -> list[str]:
    return [str(value) for value in values]


def _inputs(text: LightGBMText) -> dict[str, dict[str, Any]]:
    known, missing = _frame_values(text), text.with_missing()
    names = positional(len(text.names)) if text.unnamed else text.names
    return {
        name: _field(text.infos[position], known.get(position))
        | ({"nullable": True} if position in missing else {})
        for position, name in enumerate(names)
    }


def _field(info: str, values: tuple[Any, ...] | None) -> dict[str, Any]:
    if values:
        kept = [str(one) if isinstance(one, bool) else one for one in values]
        return {"type": "category", "values": kept}
    if info == "none" or info.startswith("["):
        return {"type": "number"}
    codes = sorted({int(code) for code in info.split(":")} - {-1})
    return {"type": "category", "values": codes} if codes else {"type": "number"}


def _output(text: LightGBMText) -> tuple[dict[str, Any], list[str]]:
    objective = objective_name(text)
    if objective in CHANCES:
        said = "The file does not say what its two classes are called: true is its class 1."
        return {"type": "boolean"}, [said]
    if objective in CLASSES:
        said = "The file does not say what its classes are called: name them, in this order."
        return {"type": "category", "values": list(range(text.classes))}, [said]
    return {"type": "number"}, []
