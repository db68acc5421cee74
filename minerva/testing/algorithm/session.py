"""A session of checks in a child process: imports the plugin, checks what it brings, tells each step."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from minerva.algorithm import Algorithm
from minerva.errors import InvalidConfiguration, MinervaError
from minerva.schema import Schema
from minerva.testing.algorithm.answers import answers_fit_the_output
from minerva.testing.algorithm.case import Case, Limits, make_case
from minerva.testing.algorithm.checks import CHECKS, Check
from minerva.testing.algorithm.data import OUTPUTS
from minerva.testing.algorithm.origin import Origin, brought_by
from minerva.testing.algorithm.verdict import Broken, NotApplicable, described

Tell = Callable[[dict[str, Any]], None]
FIRST = CHECKS[0].name
"""What the others build on: without an answer there is nothing to look at."""


class Session(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What is to be checked, and what has been already (a crash ends a process, not the session)."""

    kind: Literal["plugin", "installed"]
    where: str
    """The plugin's file or folder, or the workspace."""
    name: str | None = None
    """Only this algorithm; an installed one is always named."""
    output: str | None = None
    """Kind of output; None: what the algorithm accepts."""
    schema: dict[str, Any] | None = None
    parameters: dict[str, Any] = {}
    allow_pickle: bool = False
    workspace: str
    limits: Limits = Limits()
    at_home: bool = False
    """Whether this process has what the algorithms name as their requirements."""
    done: tuple[tuple[str, str], ...] = ()
    """Algorithm and check of each verdict so far."""
    chosen: dict[str, str] = {}
    """Algorithm → kind of output that it accepted."""


def check_all(session: Session, tell: Tell) -> None:
    """Tell `found`, then `begin` and `end` of each check; `unknown` if there is no such algorithm.

    Where algorithms name requirements, only that is told first: another Python is to check them.
    """
    try:
        algorithms = brought_by(session.kind, session.where, session.name)
    except InvalidConfiguration as error:
        tell({"unknown": error.message})
        return
    if session.name is not None:
        algorithms = [one for one in algorithms if one.name == session.name]
    needed = sorted({line for one in algorithms for line in one.requirements})
    tell({"found": [one.name for one in algorithms], "requirements": needed})
    if needed and not session.at_home:
        return
    for algorithm in algorithms:
        _check_one(session, algorithm, tell)
    tell({"result": {}})


def _check_one(session: Session, algorithm: Algorithm, tell: Tell) -> None:
    name = algorithm.name
    case: list[Case] = []
    for check in CHECKS:
        if (name, check.name) in session.done or not check.concerns(algorithm):
            continue
        tell({"begin": [name, check.name]})
        started = time.monotonic()
        verdict = _verdict(session, algorithm, check, case, tell)
        seconds = round(time.monotonic() - started, 3)
        tell({"end": [name, check.name], "seconds": seconds, **verdict})
        if check.name == FIRST and verdict["state"] == "failed":
            return


def _verdict(
    session: Session, algorithm: Algorithm, check: Check, made: list[Case], tell: Tell
) -> dict[str, Any]:
    advice: list[str] = []
    try:
        if not made:
            case, advice = _case(session, algorithm)
            made.append(case)
            tell({"chosen": [algorithm.name, case.schema.target()[1].type.value]})
        return {"state": "passed", "advice": [*advice, *(check.look(made[0]) or ())]}
    except NotApplicable as reason:
        return {"state": "left out", "what": str(reason)}
    except Broken as broken:
        return {"state": "failed", "what": broken.what, "mend": broken.mend}
    except MemoryError:
        return {
            "state": "failed",
            "what": "It ran out of memory.",
            "mend": "Work in parts, or give it more.",
        }


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
