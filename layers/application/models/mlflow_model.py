"""`mlflow.model`: a folder that MLflow saved, without MLflow.

The file `MLmodel` names a flavour and a signature; the model itself is read by the algorithm for that
flavour's format, and answers as that one does.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

from minerva import (
    Algorithm,
    Batch,
    Context,
    Imports,
    Inspected,
    InvalidConfiguration,
    InvalidData,
    MinervaError,
    Parameters,
    Predictions,
    TrainingContext,
    TrainingData,
    hookimpl,
)
from minerva.algorithm import Model
from minerva.errors import Fault
from minerva.layers.application.models.mlflow_folder import (
    LARGEST,
    MLMODEL,
    Flavour,
    columns,
    flavour_of,
    read_folder,
    requirements,
)
from minerva.layers.application.models.workspace_file import find, head

INNER = "inner"


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


class MLflow(Algorithm):
    """A trained model in a folder that MLflow saved."""

    name = "mlflow.model"
    Parameters = MLflowParameters
    needs_data = False

    def train(self, data: TrainingData, context: TrainingContext) -> MLflowModel:
        """Read and check the model; nothing is learnt."""
        folder = find(context.parameters.path, context.workspace, folder=True)
        flavour = flavour_of(folder, read_folder(folder), context.parameters.flavor)
        file = str(flavour.file.relative_to(context.workspace.resolve()))
        inner = replace(context, parameters=_options(flavour, context.parameters.options, file))
        with _parameters_below_options():
            return MLflowModel(flavour.algorithm.train(data, inner), folder / MLMODEL)

    def load(self, folder: Path, context: Context) -> MLflowModel:
        """Read the copy that `save` made."""
        flavour = flavour_of(folder, read_folder(folder), context.parameters.flavor, there=False)
        inner = replace(
            context, parameters=_options(flavour, context.parameters.options, flavour.file.name)
        )
        return MLflowModel(flavour.algorithm.load(folder / INNER, inner), folder / MLMODEL)

    def recognises(self, path: Path) -> bool:
        """Tell by the file that describes the folder."""
        return path.is_dir() and b"flavors:" in head(path / MLMODEL, LARGEST)

    def inspect(self, path: Path, context: Context | None) -> Inspected:
        """Tell what the signature says, and what the model itself says beyond it."""
        told = read_folder(path)
        given = getattr(context, "parameters", None)
        flavour = flavour_of(path, told, getattr(given, "flavor", ""))
        inputs, outputs = dict(columns(told, "inputs")), dict(columns(told, "outputs"))
        needed = requirements(path, flavour.libraries)
        try:
            inner, notes = _inspected(flavour, context, getattr(given, "options", {})), []
        except (InvalidData, InvalidConfiguration) as error:
            if not _may_be_read_elsewhere(error, needed, inputs):
                raise
            inner, notes = Inspected(), [error.message]
        return Inspected(
            inputs=_joined(inputs, inner.inputs),
            output=inner.output or next(iter(outputs.values()), {}),
            parameters={"options": dict(inner.parameters)} if inner.parameters else {},
            requirements=needed,
            notes=[*notes, *inner.notes],
        )


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm; libraries are imported when it works."""
    return [MLflow()]


def _options(flavour: Flavour, options: Mapping[str, Any], path: str) -> Any:
    whole = {**options, "path": path}
    if flavour.trusted:
        whole["trusted"] = [*flavour.trusted, *options.get("trusted", ())]
    try:
        return msgspec.convert(whole, flavour.algorithm.Parameters)
    except msgspec.ValidationError as error:
        message = str(error).replace("`", "'")
        raise InvalidConfiguration(
            f"The options do not fit {flavour.algorithm.name}, which reads the {flavour.name} flavour.",
            faults=[Fault("/parameters/options", message)],
        ) from error


def _inspected(flavour: Flavour, context: Context | None, options: Mapping[str, Any]) -> Inspected:
    """Ask the flavour's algorithm."""
    inner = context and replace(context, parameters=_options(flavour, options, flavour.file.name))
    assert isinstance(flavour.algorithm, Imports)  # noqa: S101 - each of FLAVOURS is one
    with _parameters_below_options():
        return flavour.algorithm.inspect(flavour.file, inner)


def _may_be_read_elsewhere(
    error: MinervaError, needed: Sequence[str], inputs: Mapping[str, Any]
) -> bool:
    """Whether the signature may do for now, because the model's own libraries are not here.

    Nothing is served from that alone: the model is read and tried where its requirements are.
    """
    if isinstance(error, InvalidConfiguration):
        return isinstance(error.__cause__, ImportError) and bool(needed or inputs)
    return bool(needed and inputs)


@contextmanager
def _parameters_below_options() -> Iterator[None]:
    """Say where the parameters stand that an inner algorithm's message speaks of."""
    try:
        yield
    except InvalidConfiguration as error:
        if "parameter `" not in error.message:
            raise
        message = f"{error.message} For an MLflow folder it stands below the parameter `options`."
        raise InvalidConfiguration(message, faults=error.faults) from error


def _joined(inputs: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the signature's inputs, closer where the model itself says more; else the model's own."""
    if not inputs:
        return own
    if set(own) == set(inputs):
        known = own
    elif len(own) == len(inputs):  # nameless there
        known = dict(zip(inputs, own.values(), strict=True))
    else:
        known = {}
    return {name: _closer(field, known.get(name)) for name, field in inputs.items()}


def _closer(field: dict[str, Any], own: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the model itself says where that is more: the values of a category."""
    if own is None:
        return field
    more = {"nullable": True} if own.get("nullable") else {}
    if own["type"] in {"category", "boolean"}:
        return {**own, **({"nullable": True} if field.get("nullable") else {})}
    return {**field, **more}
