"""A session of checks in a child process: imports the plugin, checks what it brings, tells each step."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from minerva.algorithm import Algorithm
from minerva.errors import InvalidConfiguration, MinervaError
from minerva.schema import Schema
from minerva.step import Step
from minerva.testing.algorithm.answers import answers_fit_the_output
from minerva.testing.algorithm.case import Case, Limits, make_case
from minerva.testing.algorithm.checks import CHECKS
from minerva.testing.algorithm.data import OUTPUTS
from minerva.testing.check import Check, judged
from minerva.testing.origin import Origin, brought_by, called
from minerva.testing.step.case import StepCase
from minerva.testing.step.checks import CHECKS as STEP_CHECKS
from minerva.testing.step.trying import case_made_up
from minerva.testing.verdict import Broken, described

Tell = Callable[[dict[str, Any]], None]


class Session(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What is to be checked, and what has been already (a crash ends a process, not the session)."""

    kind: Literal["plugin", "installed"]
    where: str
    """The plugin's file or folder, or the workspace."""
    name: str | None = None
    """Only this algorithm, or step (`handle: images`); an installed one is always named."""
    output: str | None = None
    """Kind of output; None: what the algorithm accepts."""
    schema: dict[str, Any] | None = None
    parameters: dict[str, Any] = {}
    of_steps: dict[str, dict[str, Any]] = {}
    """Step → the parameters that it is tried with."""
    allow_pickle: bool = False
    workspace: str
    limits: Limits = Limits()
    at_home: bool = False
    """Whether this process has what the algorithms name as their requirements."""
    done: tuple[tuple[str, str], ...] = ()
    """Algorithm or step, and check, of each verdict so far."""
    chosen: dict[str, str] = {}
    """Algorithm → kind of output that it accepted."""


def check_all(session: Session, tell: Tell) -> None:
    """Tell what was `found`, then `begin` and `end` of each check; `unknown` if nothing has that name.

    Where algorithms name requirements, only that is told first: another Python is to check them.
    """
    try:
        algorithms, steps = brought_by(session.kind, session.where, session.name)
    except InvalidConfiguration as error:
        tell({"unknown": error.message})
        return
    if session.name is not None and not steps:
        algorithms = [one for one in algorithms if one.name == session.name]
    needed = sorted({line for one in algorithms for line in one.requirements})
    tell(
        {
            "found": [one.name for one in algorithms],
            "steps": [called(step) for step in steps],
            "requirements": needed,
        }
    )
    if needed and not session.at_home:
        return
    for algorithm in algorithms:
        made: list[Case] = []
        look = partial(_look, session, algorithm, made, tell)
        _check_one(session, algorithm, CHECKS, look, tell)
    for step in steps:
        case = case_made_up(
            step,
            session.kind,
            session.where,
            session.workspace,
            session.of_steps.get(called(step), {}),
            session.limits.timeout_s,
        )
        _check_one(session, step, STEP_CHECKS, partial(_look_at_step, case), tell)
    tell({"result": {}})


def _check_one(
    session: Session,
    one: Any,
    checks: Sequence[Check[Any, Any]],
    look: Callable[[Check[Any, Any]], Sequence[str]],
    tell: Tell,
) -> None:
    name = called(one)
    for check in checks:
        if (name, check.name) in session.done or not check.concerns(one):
            continue
        tell({"begin": [name, check.name]})
        started = time.monotonic()
        verdict = judged(partial(look, check))
        seconds = round(time.monotonic() - started, 3)
        tell({"end": [name, check.name], "seconds": seconds, **verdict})
        if check.base and verdict["state"] != "passed":
            return


def _look(
    session: Session,
    algorithm: Algorithm,
    made: list[Case],
    tell: Tell,
    check: Check[Algorithm, Case],
) -> list[str]:
    advice: list[str] = []
    if not made:
        case, advice = _case(session, algorithm)
        made.append(case)
        tell({"chosen": [algorithm.name, case.schema.target()[1].type.value]})
    return [*advice, *(check.look(made[0]) or ())]


def _look_at_step(case: StepCase, check: Check[Step, StepCase]) -> Sequence[str]:
    return check.look(case) or ()


def _case(session: Session, algorithm: Algorithm) -> tuple[Case, list[str]]:
    """Return what to check the algorithm with, and advice from finding that out. Raises Broken."""
    output = session.output or session.chosen.get(algorithm.name)
    if session.schema is not None:
        return _made(session, algorithm, "number"), []
    if output is not None:
        return _made(session, algorithm, output), []
    return _accepted(session, algorithm)


def _made(session: Session, algorithm: Algorithm, output: str) -> Case:
    return make_case(
        algorithm,
        origin=Origin(
            kind=session.kind,
            where=session.where,
            name=algorithm.name,
            file=inspect.getfile(type(algorithm)),
        ),
        output=output,
        schema=None if session.schema is None else Schema.parse(session.schema),
        parameters=session.parameters,
        workspace=Path(session.workspace),
        allow_pickle=session.allow_pickle,
        limits=session.limits,
    )


def _accepted(session: Session, algorithm: Algorithm) -> tuple[Case, list[str]]:
    """Try each kind of output; the first one that works is what the algorithm is made for."""
    works: list[Case] = []
    broken: list[Broken] = []
    refusal = ""
    for output in OUTPUTS:
        case = _made(session, algorithm, output)
        try:
            case.try_to_train()
            answers_fit_the_output(case)
            works.append(case)
        except Broken as error:
            broken.append(Broken(f"With an output of type {output}: {error.what}", error.mend))
        except MinervaError as error:
            refusal = described(error)
    if works:
        return works[0], [
            f"{one.what.rstrip('.')}; refuse what it is not made for: raise InvalidConfiguration in train."
            for one in broken
        ]
    if broken:
        raise broken[0]
    raise Broken(
        f"Training refused every kind of output, at last with {refusal}.",
        "Name a service whose schema and parameters suit it: --service NAME.",
    )
