"""Checks of what a step declares: names and types, what it makes of which inputs, its parameters."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from minerva.errors import InvalidConfiguration, MinervaError
from minerva.layers.abstraction.plugins.plugin import check_step
from minerva.schema import Field
from minerva.step import Fields, Learns
from minerva.testing.algorithm.conduct import undescribed
from minerva.testing.algorithm.fresh import do_task
from minerva.testing.step import life
from minerva.testing.step.case import StepCase
from minerva.testing.step.example import TYPES, field_made_up
from minerva.testing.step.values import is_chance
from minerva.testing.verdict import Broken, described


def what_flows_need_is_declared(case: StepCase) -> None:
    """Name, role, shape, batch, the types of inputs, and what collectors and learners are."""
    step = case.step
    try:
        check_step(step)
    except TypeError as error:
        raise Broken(
            f"{error}.",
            'Declare `name = "small-letters"`, `role` (collect, handle, features, post) and `shape` '
            "(map, spread, gather) on the class.",
        ) from error
    if step.role == "collect" and not step.outside:
        raise Broken(
            "It collects, and does not say that it reaches outside.",
            "Declare `outside = True`: a version is not asked again what may have changed.",
        )
    if isinstance(step, Learns) and step.role != "features":
        raise Broken(f"It learns, and its role is {step.role}.", 'Declare `role = "features"`.')
    if step.batch < 1:
        raise Broken("Its batch is no number of rows.", "Declare `batch` as 1 or more.")
    unknown = [one for types in step.inputs.values() for one in (*types,) if one not in TYPES]
    if unknown or not all(step.inputs.values()):
        named = f"{unknown[0]!r}" if unknown else "none"
        raise Broken(
            f"An input may have a type that there is not: {named}.",
            f"Declare `inputs = {{name: (type, …)}}`, with types of {', '.join(TYPES)}.",
        )


def what_it_makes_is_said(case: StepCase) -> None:
    """`outputs` gives fields, the same each time, at once and without any effect."""
    given = dict(case.example.fields)
    made = case.fields
    wrong = [name for name, one in made.items() if not name or not isinstance(one, Field)]
    if wrong or not made:
        raise Broken(
            f"outputs returned {f'no field as {wrong[0]!r}' if wrong else 'nothing'}.",
            "Return a dictionary of names to minerva.Field, one for each column that `run` makes.",
        )
    for name, field in made.items():
        if why := is_chance(name, field, made):
            raise Broken(
                f"Field {name!r} {why}.",
                "Name fields without a dot; `c.VALUE`, a number 0 to 1, is the chance of a value of `c`.",
            )
    if case.outputs(case.example.fields) != made or list(case.example.fields) != list(given):
        raise Broken(
            "outputs gives other fields the second time.",
            "Let it depend on inputs and parameters only, and change neither.",
        )
    if case.step.label and (case.step.shape != "spread" or case.step.label not in made):
        raise Broken(
            f"Its label {case.step.label!r} names none of its rows.",
            "Let `label` be an output of a step of shape `spread`, or leave it out.",
        )
    _is_light(case)


def _is_light(case: StepCase) -> None:
    lived = life_of(case)
    what = [
        f"called {one['call']}{one['where']}" for one in lived["calls"] if one["phase"] == "outputs"
    ]
    what += [
        f"wrote {one['path']}{one['where']}" for one in lived["writes"] if one["phase"] == "outputs"
    ]
    if what:
        raise Broken(
            f"outputs {what[0]}.", "Only say what is made: what has an effect belongs into `run`."
        )
    if lived["heavy"]:
        raise Broken(
            f"Importing the step, or outputs, loaded {', '.join(lived['heavy'])}.",
            "Import heavy libraries in `run` or `fit`: every process of Minerva asks `outputs`.",
        )
    if lived["outputs_s"] > case.limits.outputs_s:
        raise Broken(
            f"outputs took {lived['outputs_s']:.1f} s of a processor.",
            "Only say what is made: it is asked whenever a flow is read.",
        )


def life_of(case: StepCase) -> dict[str, Any]:
    """Return what a fresh process saw; lived once for all checks that ask."""
    if not case.seen:
        with tempfile.TemporaryDirectory(prefix="minerva-contract-") as name:
            task = case.pack("life", Path(name))
            case.seen.update(do_task(task, case.workspace, case.limits.timeout_s))
            case.seen["learnt"] = life.read(Path(name))
    return case.seen


def what_does_not_fit_is_refused(case: StepCase) -> None:
    """Inputs that are too few, unknown or of other types are refused with InvalidConfiguration."""
    case.fields  # noqa: B018 - without it nothing is known of the others
    for what, fields in variants(case):
        accepts(case, what, fields)


def accepts(case: StepCase, what: str, fields: Fields) -> Fields | None:
    """Return what the step makes of other fields, None if it refuses them. Raises Broken."""
    mend = "Raise InvalidConfiguration, with a Fault for each input or parameter that does not fit."
    try:
        return case.outputs(fields)
    except InvalidConfiguration:
        return None
    except MinervaError as error:
        raise Broken(f"With {what}: outputs raised {described(error)}.", mend) from error
    except Broken as broken:
        raise Broken(f"With {what}: {broken.what}", mend) from broken


def variants(case: StepCase) -> Iterator[tuple[str, Fields]]:
    """Give what else a flow may wire to it: flows hold to `inputs` by themselves, where it names some."""
    fields, step = case.example.fields, case.step
    if not step.inputs:
        yield "no input", {}
        for name in fields if len(fields) > 1 else ():
            yield f"no {name!r}", {one: each for one, each in fields.items() if one != name}
    for name, field in fields.items():
        for type_ in step.inputs.get(name, TYPES):
            if type_ != field.type:
                yield f"{name!r} of type {type_}", {**fields, name: field_made_up(type_)}


def parameters_are_described(case: StepCase) -> list[str]:
    """Advice only: who writes a flow reads them."""
    return undescribed(case.step.Parameters)
