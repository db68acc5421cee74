"""A case of a step that nobody has given rows for: made up by the types of its inputs."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from minerva.errors import MinervaError
from minerva.step import Step
from minerva.testing.origin import Origin, called
from minerva.testing.step.case import Limits, StepCase
from minerva.testing.step.example import TYPES, Example, example_of, field_made_up
from minerva.testing.verdict import Broken, NotApplicable


def case_made_up(
    step: Step,
    kind: Literal["plugin", "installed"],
    where: str,
    workspace: str,
    parameters: Mapping[str, Any],
    timeout_s: float,
) -> StepCase:
    """Return a case; of a step that takes any inputs, with the most that it accepts."""
    file = inspect.getfile(type(step))
    origin = Origin(kind=kind, where=where, name=called(step), file=file)
    cases = [
        StepCase(
            step=step,
            origin=origin,
            example=example,
            made_up=True,
            parameters=parameters,
            workspace=Path(workspace),
            limits=Limits(timeout_s=timeout_s),
        )
        for example in _examples(step)
    ]
    return next((case for case in cases if _accepted(case)), cases[0])


def _examples(step: Step) -> list[Example]:
    """Return rows of every type, of numbers, then of each type alone, unless inputs are declared."""
    if step.inputs:
        return [example_of(step, None, None, None, None)]
    sets = [TYPES, ("number", "integer"), *((type_,) for type_ in TYPES)]
    fields = [{str(type_): field_made_up(type_) for type_ in types} for types in sets]
    return [example_of(step, one, None, None, None) for one in fields]


def _accepted(case: StepCase) -> bool:
    try:
        return bool(case.outputs(case.example.fields))
    except (Broken, MinervaError, NotApplicable):
        return False
