"""What a flow's version keeps in its folder beside its parameters: types of others, and what was learnt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from minerva.errors import InvalidData
from minerva.layers.abstraction.flows.declaration import FlowParameters
from minerva.schema import Field
from minerva.step import Fields

FILE = "flow.json"
STEPS = "steps"
PLUGINS = "plugins"
LEARNT = "learnt.npz"

Listed = list[dict[str, Any]]


class SharedStep(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted step that was copied from another flow."""

    kind: str
    parameters: dict[str, Any]
    taken: Listed
    made: Listed
    origin: str
    """SERVICE.STEP, and the version that it was copied from."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The file: what cannot be known again later, because others may have changed."""

    services: dict[str, dict[str, Any]] = {}
    """Step → the schema of the service that it asks."""
    shared: dict[str, SharedStep] = {}
    """Step → what was copied."""
    plugins: dict[str, str] = {}
    """ROLE: KIND → the digest of the workspace's plugin that it came from, of which there is a copy."""
    order: list[list[str]] = []
    """Each step with its inputs, as they were written: manifests sort names, and models count columns."""


def order_of(parameters: FlowParameters) -> list[list[str]]:
    """Return each step with its inputs, in the order in which they are written."""
    return [[name, *step.inputs] for name, step in parameters.steps.items()]


def as_written(parameters: FlowParameters, order: list[list[str]]) -> FlowParameters:
    """Return the parameters in this order. Raises InvalidData if they are of other steps."""
    if sorted(map(sorted, order_of(parameters))) != sorted(map(sorted, order)):
        raise InvalidData("The flow's files are of other steps.")
    steps = {}
    for name, *inputs in order:
        step = parameters.steps[name]
        steps[name] = replace(step, inputs={one: step.inputs[one] for one in inputs})
    return replace(parameters, steps=steps)


def write(folder: Path, kept: Kept) -> None:
    """Write the file."""
    (folder / FILE).write_bytes(msgspec.json.encode(kept, order="deterministic"))


def read(folder: Path) -> Kept:
    """Read it back. Raises InvalidData if it is damaged."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError) as error:
        raise InvalidData("The flow's files are damaged.") from error


def write_learnt(folder: Path, step: str, learnt: Mapping[str, NDArray[Any]]) -> None:
    """Write the arrays of a step."""
    place = step_folder(folder, step)
    place.mkdir(parents=True)
    with (place / LEARNT).open("wb") as file:
        np.savez(file, allow_pickle=False, **learnt)


def read_learnt(folder: Path, step: str) -> dict[str, NDArray[Any]]:
    """Read them back. Raises InvalidData if they are damaged."""
    try:
        with np.load(step_folder(folder, step) / LEARNT, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError) as error:
        raise InvalidData(f"What step {step!r} of the flow has learnt is damaged.") from error


def step_folder(folder: Path, step: str) -> Path:
    """Return where a step keeps what it learnt."""
    return folder / STEPS / step


def plugin_folder(folder: Path, digest: str) -> Path:
    """Return where the copy of a plugin is."""
    return folder / PLUGINS / digest[:16]


def listed(fields: Fields) -> Listed:
    """Return fields as plain values, in order."""
    return [{"name": name, **field.to_json()} for name, field in fields.items()]


def fields_of(plain: Listed) -> dict[str, Field]:
    """Return the fields that `listed` told."""
    return {
        one["name"]: msgspec.convert({k: v for k, v in one.items() if k != "name"}, Field)
        for one in plain
    }
