"""Inputs that are the last values of something: `load_1` the latest, `load_2` the one before, and so on.

A record brings its own window, so that it can be answered whoever asks beside it. Every step becomes the
same numbers, fitted over all steps at once; what stands beside the windows stands at each step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import Batch, InvalidConfiguration, Schema
from minerva.errors import Fault
from minerva.layers.application.catalogue.beside import Beside
from minerva.layers.application.catalogue.features import Features, Matrix

OF_A_WINDOW = re.compile(r"(.+)_([1-9]\d{0,3})")
FEWEST = 2
"""Steps that are a window."""
BEFORE = "steps."
"""Stands before the names of arrays that tell how a step becomes numbers."""
ADVICE = (
    "name the last values load_1 (the latest), load_2 and so on, which `load: {type: number, window: 24}` "
    "does"
)

Windows = Mapping[str, tuple[str, ...]]
"""What was seen → the inputs that hold it, the oldest first."""


@dataclass(frozen=True, eq=False)
class Sequences:
    """How a batch becomes steps, shape (n, steps, width)."""

    windows: Windows
    step: Features
    beside: Beside

    @classmethod
    def fitted(cls, batch: Batch, time: str | None) -> Sequences:
        """Look at the rows that are learnt from. Raises as `windows_of`; InvalidData for texts."""
        windows = windows_of(batch.schema, time)
        step = Features.fitted(_stacked(batch, windows))
        return cls(windows, step, Beside.fitted(batch, _parts(windows, time)))

    @classmethod
    def kept(
        cls, schema: Schema, arrays: Mapping[str, NDArray[Any]], time: str | None
    ) -> Sequences:
        """Read `arrays` back. Raises InvalidData if they are another schema's."""
        windows = windows_of(schema, time)
        of_step = {
            name.removeprefix(BEFORE): one
            for name, one in arrays.items()
            if name.startswith(BEFORE)
        }
        step = Features.kept(_of_a_step(schema, windows), of_step, scaled=True)
        return cls(windows, step, Beside.kept(schema, arrays, _parts(windows, time)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `kept` needs, beside the schema."""
        of_step = {f"{BEFORE}{name}": one for name, one in self.step.arrays().items()}
        return {**of_step, **self.beside.arrays()}

    def steps(self, batch: Batch) -> Matrix:
        """Return shape (n, steps, width), the oldest step first, nothing missing."""
        count = len(next(iter(self.windows.values())))
        flat = self.step.matrix(_stacked(batch, self.windows))
        steps = flat.reshape(count, len(batch), flat.shape[1]).transpose(1, 0, 2)
        beside = self.beside.matrix(batch)[:, np.newaxis]
        return np.concatenate([steps, np.repeat(beside, count, axis=1)], axis=2)


def windows_of(schema: Schema, time: str | None) -> Windows:
    """Return the windows among the used inputs.

    Raises InvalidConfiguration if there are none, or steps are missing or differ, with the inputs.
    """
    found: dict[str, dict[int, str]] = {}
    for name in schema.features:
        told = OF_A_WINDOW.fullmatch(name)
        if told is not None and name != time:
            found.setdefault(told[1], {})[int(told[2])] = name
    named = {of: steps for of, steps in found.items() if len(steps) >= FEWEST}
    if not named:
        raise InvalidConfiguration(
            f"There is no sequence among the inputs: {ADVICE}.",
            faults=[Fault("/schema/inputs", "holds no window")],
        )
    length = max(max(steps) for steps in named.values())
    faults = [*_gaps(named, length), *_mixed(schema, named)]
    if faults:
        raise InvalidConfiguration(
            f"The sequences among the inputs have no {length} steps each: {ADVICE}.", faults=faults
        )
    return {of: tuple(steps[at] for at in range(length, 0, -1)) for of, steps in named.items()}


def _gaps(named: Mapping[str, Mapping[int, str]], length: int) -> list[Fault]:
    return [
        Fault(f"/schema/inputs/{of}_{at}", f"is missing, for others have {length} steps")
        for of, steps in named.items()
        for at in range(1, length + 1)
        if at not in steps
    ]


def _mixed(schema: Schema, named: Mapping[str, Mapping[int, str]]) -> list[Fault]:
    """Return the inputs that are no step like the others of their window."""
    kinds = {name: (field.type, field.values) for name, field in schema.inputs.items()}
    return [
        Fault(f"/schema/inputs/{one}", "is not of the type and values of the other steps")
        for steps in named.values()
        for one in steps.values()
        if kinds[one] != kinds[steps[min(steps)]]
    ]


def _parts(windows: Windows, time: str | None) -> list[str]:
    """Return the inputs that do not stand beside the windows."""
    return [*(name for steps in windows.values() for name in steps), *([time] if time else [])]


def _of_a_step(schema: Schema, windows: Windows) -> Schema:
    inputs = {of: schema.inputs[steps[-1]] for of, steps in windows.items()}
    return Schema(inputs, schema.output, None)


def _stacked(batch: Batch, windows: Windows) -> Batch:
    """Return each step of each row as a row of its own: all oldest ones first."""
    columns = {of: np.concatenate([batch[name] for name in steps]) for of, steps in windows.items()}
    rows = len(batch) * len(next(iter(windows.values())))
    return Batch(_of_a_step(batch.schema, windows), columns, rows)
