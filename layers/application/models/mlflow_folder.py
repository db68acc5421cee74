"""What a folder that MLflow saved says of itself: flavours, signature, requirements."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from minerva import Algorithm, InvalidData
from minerva.layers.application.models.lightgbm_model import LightGBM
from minerva.layers.application.models.onnx_model import Onnx
from minerva.layers.application.models.sklearn_model import Sklearn
from minerva.layers.application.models.torch_model import Torch
from minerva.layers.application.models.workspace_file import head
from minerva.layers.application.xgboost_model import XGBoostModel

MLMODEL = "MLmodel"
LARGEST = 1024 * 1024
TYPES = {
    "double": "number", "float": "number", "integer": "integer", "long": "integer",
    "boolean": "boolean", "string": "text", "datetime": "timestamp",
}  # fmt: skip
PROGRAMS = frozenset({".pt2", ".pt", ".pth", ".onnx"})
PICKLE, SKOPS = ".pkl", ".skops"


@dataclass(frozen=True)
class Format:
    """How one flavour keeps its model."""

    member: str
    """Where the flavour says which file it is; else `data`."""
    algorithm: type[Algorithm]
    libraries: Sequence[str]
    """Those of its requirements that read the file; the others were needed to train it."""
    trusted: Sequence[str] = ()
    """Types of the flavour's own library that its skops files may hold."""


FLAVOURS: Mapping[str, Format] = {
    "onnx": Format("data", Onnx, ["onnxruntime"]),
    "xgboost": Format("data", XGBoostModel, ["xgboost-cpu", "xgboost"]),
    "lightgbm": Format(
        "data",
        LightGBM,
        ["lightgbm"],
        (
            "lightgbm.sklearn.LGBMClassifier",
            "lightgbm.sklearn.LGBMRegressor",
            "lightgbm.basic.Booster",
            "collections.OrderedDict",
        ),
    ),
    "sklearn": Format("pickled_model", Sklearn, ["scikit-learn", "skops"]),
    "pytorch": Format("model_data", Torch, ["torch"]),
}


@dataclass(frozen=True)
class Flavour:
    """One way to read the folder."""

    name: str
    file: Path
    algorithm: Algorithm
    libraries: Sequence[str] | None
    """None: a pickle, or types that nobody knows here, may need every one of the requirements."""
    trusted: Sequence[str] = ()


def read_folder(folder: Path) -> Mapping[str, Any]:
    """Return what the file MLmodel says. Raises InvalidData."""
    try:
        told = yaml.safe_load(head(folder / MLMODEL, LARGEST))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InvalidData(f"The file {MLMODEL} of {folder.name} is no YAML.") from error
    if not isinstance(told, Mapping) or not isinstance(told.get("flavors"), Mapping):
        raise InvalidData(f"{folder.name} has no file {MLMODEL} that names a flavour.")
    return told


def flavour_of(
    folder: Path, told: Mapping[str, Any], wanted: str, *, there: bool = True
) -> Flavour:
    """Return the flavour to read. Raises InvalidData if there is none, or its file is not inside."""
    named = told["flavors"]
    known = [name for name in FLAVOURS if name in named and (not wanted or name == wanted)]
    if not known:
        raise InvalidData(_unknown(folder, list(map(str, named))))
    name = known[0]
    about = named[name] if isinstance(named[name], Mapping) else {}
    file = str(about.get(FLAVOURS[name].member, about.get("data", "")))
    path = (folder / file).resolve()
    if there and (not file or not path.is_relative_to(folder.resolve()) or not path.exists()):
        raise InvalidData(f"{folder.name} names a file of its {name} model that is not inside it.")
    if path.is_dir():
        path = _program(path)
    return _flavour(name, path, about)


def _flavour(name: str, path: Path, about: Mapping[str, Any]) -> Flavour:
    form = FLAVOURS[name]
    if path.suffix == PICKLE:
        return Flavour(name, path, Sklearn(), None)
    if path.suffix == SKOPS:  # scikit-learn's, or LightGBM's wrapper for scikit-learn
        foreign = set(_texts(about.get("skops_trusted_types"))) - set(form.trusted)
        libraries = None if foreign else [*FLAVOURS["sklearn"].libraries, *form.libraries]
        return Flavour(name, path, Sklearn(), libraries, form.trusted)
    return Flavour(name, path, form.algorithm(), form.libraries)


def _unknown(folder: Path, named: Sequence[str]) -> str:
    if named == ["python_function"]:
        return (
            f"{folder.name} has the flavour python_function alone, which is Python code and not a "
            f"model file: log the model as one of {', '.join(FLAVOURS)}, or make the code an "
            "algorithm (`minerva new algorithm`)."
        )
    return (
        f"{folder.name} has the flavours {', '.join(named)}; what can be read is "
        f"{', '.join(FLAVOURS)}."
    )


def _program(folder: Path) -> Path:
    """Return the one file that a flavour's folder is about."""
    found = [one for one in sorted(folder.iterdir()) if one.suffix in PROGRAMS]
    if len(found) != 1:
        raise InvalidData(f"{folder.name} does not hold one model file, but {len(found)}.")
    return found[0]


def _texts(given: Any) -> Sequence[str]:
    return [str(one) for one in given] if isinstance(given, list) else []


def columns(told: Mapping[str, Any], part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the columns of the signature's `inputs` or `outputs`; none of a tensor."""
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


def requirements(folder: Path, libraries: Sequence[str] | None) -> list[str]:
    """Return those lines of requirements.txt that reading the model takes; MLflow itself is none.

    Where both wheels of XGBoost are named, which hold the same files, one of them is left out.
    """
    raw = head(folder / "requirements.txt", LARGEST).decode(errors="replace")
    plain = [line for line in map(_plain, raw.splitlines()) if line and not line.startswith("-")]
    lines = {_name(line): line for line in plain}
    left_out = {"mlflow", "mlflow-skinny", *(["xgboost"] if "xgboost-cpu" in lines else [])}
    return [
        line
        for name, line in lines.items()
        if name not in left_out and (libraries is None or name in libraries)
    ]


def _plain(line: str) -> str:
    return line.partition("#")[0].partition(";")[0].strip()


def _name(line: str) -> str:
    """Return the name that a requirement begins with, spelt as package indexes compare it."""
    end = next((at for at, sign in enumerate(line) if not (sign.isalnum() or sign in "-_.")), None)
    return line[:end].lower().replace("_", "-")
