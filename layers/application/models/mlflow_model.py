"""`mlflow.model`: a folder that MLflow saved, without MLflow.

The file `MLmodel` names a flavour and a signature; the model itself is read by the algorithm for that
flavour's format, and answers as that one does.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import yaml

from minerva import (
    Algorithm,
    Batch,
    Context,
    Imports,
    Inspected,
    InvalidConfiguration,
    InvalidData,
    Parameters,
    Predictions,
    TrainingContext,
    TrainingData,
    hookimpl,
)
from minerva.algorithm import Model
from minerva.errors import Fault
from minerva.layers.application.models.lightgbm_model import LightGBM
from minerva.layers.application.models.onnx_model import Onnx
from minerva.layers.application.models.sklearn_model import Sklearn
from minerva.layers.application.models.torch_model import Torch
from minerva.layers.application.models.workspace_file import find, head
from minerva.layers.application.xgboost_model import XGBoostModel

MLMODEL = "MLmodel"
INNER = "inner"
LARGEST = 1024 * 1024
TYPES = {
    "double": "number", "float": "number", "integer": "integer", "long": "integer",
    "boolean": "boolean", "string": "text", "datetime": "timestamp",
}  # fmt: skip
FLAVOURS: Mapping[str, tuple[str, type[Algorithm]]] = {
    "onnx": ("data", Onnx),
    "xgboost": ("data", XGBoostModel),
    "lightgbm": ("data", LightGBM),
    "sklearn": ("pickled_model", Sklearn),
    "pytorch": ("model_data", Torch),
}
"""Flavour → where it says which file it is, and who reads that."""


class MLflowParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `mlflow.model`."""

    path: Annotated[
        str,
        msgspec.Meta(min_length=1, description="Folder with the file MLmodel, in the workspace"),
    ]
    flavor: Annotated[
        str, msgspec.Meta(description="Which flavour to read; empty: the first one that is known")
    ] = ""
    options: Annotated[
        dict[str, Any],
        msgspec.Meta(description="Parameters of the flavour's own algorithm, its path aside"),
    ] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class MLflowModel:
    """What the flavour's algorithm read, with the file that says which one it was."""

    inner: Model
    described: Path

    def predict(self, batch: Batch) -> Predictions:
        """Answer as the flavour's algorithm does."""
        return self.inner.predict(batch)

    def save(self, folder: Path) -> None:
        """Copy the description; the model saves itself below it."""
        shutil.copyfile(self.described, folder / MLMODEL)
        (folder / INNER).mkdir()
        self.inner.save(folder / INNER)


@dataclass(frozen=True)
class Flavour:
    """One way to read the folder."""

    name: str
    file: Path
    algorithm: Algorithm


class MLflow(Algorithm):
    """A trained model in a folder that MLflow saved."""

    name = "mlflow.model"
    Parameters = MLflowParameters
    needs_data = False

    def train(self, data: TrainingData, context: TrainingContext) -> MLflowModel:
        """Read and check the model; nothing is learnt."""
        folder = find(context.parameters.path, context.workspace, folder=True)
        flavour = _flavour(folder, _read(folder), context.parameters.flavor)
        file = str(flavour.file.relative_to(context.workspace.resolve()))
        inner = replace(context, parameters=_options(flavour, context.parameters.options, file))
        return MLflowModel(flavour.algorithm.train(data, inner), folder / MLMODEL)

    def load(self, folder: Path, context: Context) -> MLflowModel:
        """Read the copy that `save` made."""
        flavour = _flavour(folder, _read(folder), context.parameters.flavor, there=False)
        inner = replace(
            context, parameters=_options(flavour, context.parameters.options, flavour.file.name)
        )
        return MLflowModel(flavour.algorithm.load(folder / INNER, inner), folder / MLMODEL)

    def recognises(self, path: Path) -> bool:
        """Tell by the file that describes the folder."""
        return path.is_dir() and b"flavors:" in head(path / MLMODEL, LARGEST)

    def inspect(self, path: Path, context: Context | None) -> Inspected:
        """Tell what the signature says, and what the model itself says beyond it."""
        told = _read(path)
        given = getattr(context, "parameters", None)
        flavour = _flavour(path, told, getattr(given, "flavor", ""))
        inner, notes = _inspected(flavour, context, getattr(given, "options", {}))
        inputs = dict(_fields(told, "inputs"))
        own = inner.inputs if set(inner.inputs) == set(inputs) or not inputs else {}
        if inner.inputs and not own and len(inner.inputs) == len(inputs):  # nameless there
            own = dict(zip(inputs, inner.inputs.values(), strict=True))
        inputs = {name: _closer(field, own.get(name)) for name, field in inputs.items()}
        return Inspected(
            inputs=inputs or inner.inputs,
            output=inner.output or next((field for _, field in _fields(told, "outputs")), {}),
            parameters={"options": dict(inner.parameters)} if inner.parameters else {},
            requirements=list(_requirements(path)),
            notes=[*notes, *inner.notes],
        )


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm; libraries are imported when it works."""
    return [MLflow()]


def _read(folder: Path) -> Mapping[str, Any]:
    try:
        told = yaml.safe_load(head(folder / MLMODEL, LARGEST))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidData(f"The file {MLMODEL} of {folder.name} is no YAML.") from error
    if not isinstance(told, Mapping) or not isinstance(told.get("flavors"), Mapping):
        raise InvalidData(f"{folder.name} has no file {MLMODEL} that names a flavour.")
    return told


def _flavour(folder: Path, told: Mapping[str, Any], wanted: str, *, there: bool = True) -> Flavour:
    """Return the flavour to read. Raises InvalidData if there is none, or its file is not inside."""
    named = told["flavors"]
    known = [name for name in FLAVOURS if name in named and (not wanted or name == wanted)]
    if not known:
        raise InvalidData(
            f"{folder.name} has the flavours {', '.join(map(str, named))}; what can be read is "
            f"{', '.join(FLAVOURS)}."
        )
    name = known[0]
    member, kind = FLAVOURS[name]
    about = named[name] if isinstance(named[name], Mapping) else {}
    file = str(about.get(member, about.get("data", "")))
    path = (folder / file).resolve()
    if there and (not file or not path.is_relative_to(folder.resolve()) or not path.exists()):
        raise InvalidData(f"{folder.name} names a file of its {name} model that is not inside it.")
    if path.is_dir():
        path = _program(path)
    pickled = name == "lightgbm" and path.suffix == ".pkl"  # its scikit-learn wrapper
    return Flavour(name, path, Sklearn() if pickled else kind())


def _program(folder: Path) -> Path:
    """Return the one file that a flavour's folder is about."""
    found = [
        one for one in sorted(folder.iterdir()) if one.suffix in {".pt2", ".pt", ".pth", ".onnx"}
    ]
    if len(found) != 1:
        raise InvalidData(f"{folder.name} does not hold one model file, but {len(found)}.")
    return found[0]


def _options(flavour: Flavour, options: Mapping[str, Any], path: str) -> Any:
    try:
        return msgspec.convert({**options, "path": path}, flavour.algorithm.Parameters)
    except msgspec.ValidationError as error:
        message = str(error).replace("`", "'")
        raise InvalidConfiguration(
            f"The options do not fit {flavour.algorithm.name}, which reads the {flavour.name} flavour.",
            faults=[Fault("/parameters/options", message)],
        ) from error


def _inspected(
    flavour: Flavour, context: Context | None, options: Mapping[str, Any]
) -> tuple[Inspected, list[str]]:
    """Ask the flavour's algorithm, if its library is here; the signature may do without."""
    inner = context and replace(context, parameters=_options(flavour, options, flavour.file.name))
    assert isinstance(flavour.algorithm, Imports)  # noqa: S101 - each of FLAVOURS is one
    try:
        return flavour.algorithm.inspect(flavour.file, inner), []
    except InvalidConfiguration as error:
        return Inspected(), [error.message]


def _fields(told: Mapping[str, Any], part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the columns of the signature."""
    try:
        listed = json.loads(told.get("signature", {}).get(part) or "[]")
        for place, column in enumerate(listed):
            if column["type"] == "tensor":
                return
            field: dict[str, Any] = {"type": TYPES[column["type"]]}
            if not column.get("required", True):
                field["nullable"] = True
            yield str(column.get("name", f"feature_{place}")), field
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InvalidData(
            f"The signature in {MLMODEL} cannot be read: a service has plain columns only."
        ) from error


def _closer(field: dict[str, Any], own: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the model itself says where that is more: the values of a category."""
    if own is None:
        return field
    more = {"nullable": True} if own.get("nullable") else {}
    if own["type"] in {"category", "boolean"}:
        return {**own, **({"nullable": True} if field.get("nullable") else {})}
    return {**field, **more}


def _requirements(folder: Path) -> Iterator[str]:
    """Yield the plain lines of requirements.txt; MLflow itself is not needed."""
    raw = head(folder / "requirements.txt", LARGEST).decode(errors="replace")
    for line in raw.splitlines():
        plain = line.partition("#")[0].partition(";")[0].strip()
        if plain and not plain.startswith("-") and plain.partition("=")[0].strip() != "mlflow":
            yield plain
