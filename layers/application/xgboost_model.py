"""`xgboost.model`: bring a model that was trained elsewhere, saved as UBJ or JSON.

The file is read when the service is declared and checked against its schema; the version keeps its own
copy. Features are taken in the schema's order. A category is handed over as its index in the schema's
values, the code that pandas and every other encoder gives it when the values stand in the same order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec
import numpy as np

from minerva import (
    Algorithm,
    Batch,
    Context,
    FieldType,
    Inspected,
    InvalidConfiguration,
    Parameters,
    Predictions,
    Schema,
    TrainingContext,
    TrainingData,
    hookimpl,
)
from minerva.errors import Fault
from minerva.layers.application.models.libraries import xgboost_library
from minerva.layers.application.models.workspace_file import find, head, read
from minerva.layers.application.xgboost_booster import (
    BoosterModel,
    feature_names,
    is_json,
    read_booster,
)
from minerva.layers.application.xgboost_objectives import CLASSES, Reading, reading_of
from minerva.layers.application.xgboost_schema import (
    class_count_of,
    inspected,
    kept_categories,
    objective_of,
)
from minerva.layers.application.xgboost_twin import BoosterTwin, write_twin

if TYPE_CHECKING:
    from xgboost import Booster

OLD = b"binf"
"""How XGBoost's old binary format begins; recognised, so that its owner is told what to do."""
FILES = {False: "model.ubj", True: "model.json"}


class XGBoostModelParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `xgboost.model`."""

    path: Annotated[
        str, msgspec.Meta(min_length=1, description="Model file, .ubj or .json, in the workspace")
    ]
    categories: Annotated[
        Literal["codes"],
        msgspec.Meta(description="Categories are given as their index in the schema's values"),
    ] = "codes"
    rounds: Annotated[
        Literal["best", "all"],
        msgspec.Meta(
            description="best: only up to the round that early stopping found, if recorded"
        ),
    ] = "best"


@dataclass(frozen=True, eq=False)
class ImportedModel:
    """A checked model and the bytes it came from."""

    model: BoosterModel
    raw: bytes
    most_together: ClassVar[int] = BoosterModel.most_together

    def predict(self, batch: Batch) -> Predictions:
        """Return probabilities of the classes or of true, or the expected number."""
        return self.model.predict(batch)

    def save(self, folder: Path) -> None:
        """Copy the file as it was brought."""
        (folder / FILES[is_json(self.raw)]).write_bytes(self.raw)


class XGBoostModel(Algorithm):
    """A trained XGBoost model brought as a .ubj or .json file; trees (gbtree, dart) only."""

    name = "xgboost.model"
    runtime = "inline"
    Parameters = XGBoostModelParameters
    needs_data = False

    def train(self, data: TrainingData, context: TrainingContext) -> ImportedModel:
        """Read and check the file; nothing is learnt. InvalidConfiguration or InvalidData say why not."""
        del data
        path: str = context.parameters.path
        return _imported(read(find(path, context.workspace)), context, path)

    def load(self, folder: Path, context: Context) -> ImportedModel:
        """Read the copy that `save` made."""
        file = next(folder / name for name in FILES.values() if (folder / name).exists())
        return _imported(file.read_bytes(), context, file.name)

    def twin(self, model: ImportedModel, folder: Path) -> Batch | None:
        """Write the same trees as ONNX; satisfies `minerva.algorithm.Twins`."""
        return write_twin(model.model, folder)

    def load_twin(self, folder: Path, context: Context) -> BoosterTwin:
        """Read what `twin` wrote, without XGBoost."""
        return BoosterTwin.load(folder, context.schema)

    def recognises(self, path: Path) -> bool:
        """Tell by the first bytes: an object whose first members are XGBoost's."""
        start = head(path)
        return start.startswith(OLD) or (start[:1] == b"{" and b"learner" in start)

    def inspect(self, path: Path, context: Context | None) -> Inspected:
        """Tell names, types and categories of the features, and what the objective gives."""
        del context
        return inspected(read_booster(read(path), path.name), path.name)


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm; XGBoost itself is imported when it works."""
    return [XGBoostModel()]


def _imported(raw: bytes, context: Context, file: str) -> ImportedModel:
    booster = read_booster(raw, file)
    faults = _feature_faults(booster, context.schema)
    if faults:
        raise InvalidConfiguration(f"{file} does not fit the schema.", faults=faults)
    reading = _reading(booster, context.schema, file)
    model = BoosterModel(context.schema, reading, booster, _rounds(booster, context.parameters))
    _try(model, file)
    return ImportedModel(model, raw)


def _feature_faults(booster: Booster, schema: Schema) -> list[Fault]:
    where = "/schema/inputs"
    texts = [name for name in schema.features if schema.inputs[name].type is FieldType.TEXT]
    if texts:
        message = "is text, which XGBoost cannot read; set `use: false`"
        return [Fault(f"{where}/{name}", message) for name in texts]
    expected, found = booster.num_features(), len(schema.features)
    if expected != found:
        return [Fault(where, f"{found} used inputs, but the model has {expected} features")]
    names = booster.feature_names
    if names is not None and names not in (list(schema.features), feature_names(schema)):
        return [_name_fault(names, schema.features)]
    return _type_faults(booster, schema) or _category_faults(booster, schema)


def _name_fault(names: Sequence[str], features: Sequence[str]) -> Fault:
    position = next(i for i, name in enumerate(names) if name != features[i])
    same = "declare the inputs in the model's order: " + ", ".join(names[:20])
    return Fault(
        f"/schema/inputs/{features[position]}",
        f"the model's feature {position + 1} is {names[position]!r}; {same}",
    )


def _type_faults(booster: Booster, schema: Schema) -> list[Fault]:
    """A category may be a number in the model (its code), but not the other way round."""
    return [
        Fault(f"/schema/inputs/{name}", "is a category in the model")
        for name, letter in zip(schema.features, booster.feature_types or (), strict=False)
        if letter == "c" and schema.inputs[name].type is not FieldType.CATEGORY
    ]


def _category_faults(booster: Booster, schema: Schema) -> list[Fault]:
    """Compare the values that a model trained from a DataFrame has kept (XGBoost 3.1 and newer)."""
    return [
        Fault(
            f"/schema/inputs/{schema.features[position]}",
            "its values must be the model's, in the model's order: "
            + ", ".join(map(repr, values[:20])),
        )
        for position, values in kept_categories(booster).items()
        if values != list(schema.inputs[schema.features[position]].values)
    ]


def _reading(booster: Booster, schema: Schema, file: str) -> Reading:
    if len(schema.output) > 1:
        raise InvalidConfiguration(
            f"{file} gives one output, but the schema has {len(schema.output)}.",
            faults=[Fault("/schema/output", "has more than one output")],
        )
    objective, classes = objective_of(booster), class_count_of(booster)
    reading = reading_of(objective, schema.target()[1])
    if objective in CLASSES and classes != reading.width:
        raise InvalidConfiguration(
            f"{file} tells {classes} classes apart, but the output has {reading.width} values.",
            faults=[Fault(f"/schema/output/{schema.target()[0]}", "has another number of values")],
        )
    return reading


def _rounds(booster: Booster, parameters: XGBoostModelParameters) -> tuple[int, int]:
    best = booster.attr("best_iteration")
    return (0, 0) if best is None or parameters.rounds == "all" else (0, int(best) + 1)


def _try(model: BoosterModel, file: str) -> None:
    """Predict one record of missing values: shows at once what would fail at every call."""
    xgboost = xgboost_library()

    schema = model.schema
    columns = {
        name: np.array([-1], dtype=np.int32)
        if schema.inputs[name].type is FieldType.CATEGORY
        else np.array([np.nan])
        for name in schema.features
    }
    try:
        (answer,) = model.predict(Batch(schema, columns, 1)).values()
    except xgboost.core.XGBoostError as error:
        raise InvalidConfiguration(
            f"{file} cannot predict in place: only trees (gbtree, dart) are supported."
        ) from error
    width = len(schema.target()[1].values)
    if answer.shape != ((1, width) if width else (1,)):
        raise InvalidConfiguration(f"{file} gives more than one number per record.")
