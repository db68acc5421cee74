"""Conformance of a runner: speaks the whole protocol with a program and says how to mend it.

    report = check(["Rscript", "runner.R"])
    assert report.passed, list(report.lines())

docs/runner-protocol.md describes the protocol.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minerva.errors import InvalidConfiguration, MinervaError
from minerva.runner import Program
from minerva.testing.runner.bench import Bench, Waits
from minerva.testing.runner.promises import PROMISES, Promise

__all__ = ["Check", "Report", "Waits", "check"]


@dataclass(frozen=True)
class Check:
    """One promise: kept if there is no problem."""

    promise: str
    problem: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Report:
    """What was found, in the order of the checks."""

    command: str
    checks: Sequence[Check]

    @property
    def passed(self) -> bool:
        """Whether every promise is kept."""
        return not any(check.problem for check in self.checks)

    def lines(self) -> Iterator[str]:
        """Yield what a person reads: a line per check, and for a failure how to mend it."""
        for check in self.checks:
            yield f"{'✗' if check.problem else '✓'} {check.promise}"
            if check.problem:
                yield f"    {check.problem}"
                yield f"    Mend it: {check.advice}"


def check(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    waits: Waits = Waits(),  # noqa: B008 - frozen
    told: Callable[[Check], None] = lambda _: None,
) -> Report:
    """Speak the whole protocol with a program that runs in `folder` (here, if it is not given).

    `told` hears of each check as soon as it is done. Raises InvalidConfiguration if there is no such
    program.
    """
    where = (folder or Path.cwd()).resolve()
    program = Program(_found(command, where), where, environment or {}, shown=command)
    with tempfile.TemporaryDirectory(prefix="minerva-conformance-") as name:
        bench = Bench(program, waits, options or {}, Path(name))
        checks: list[Check] = []
        try:
            for promise in PROMISES:
                checks.append(_checked(bench, promise))
                told(checks[-1])
                if len(checks) == 1 and checks[0].problem:
                    break  # a runner that does not greet does nothing else either
        finally:
            bench.close()
    return Report(str(program), checks)


def _checked(bench: Bench, promise: Promise) -> Check:
    try:
        promise.examine(bench)
    except (MinervaError, AssertionError) as error:
        return Check(promise.text, str(error), promise.advice)
    return Check(promise.text)


def _found(command: Sequence[str], folder: Path) -> list[str]:
    """Return the command with its program's path; a relative one is below the folder."""
    if not command:
        raise InvalidConfiguration("The command is empty: write the program and its arguments.")
    first, *rest = command
    found = shutil.which(first if "/" not in first else str(folder / first))
    if found is None:
        hint = "" if "/" in first else f"; write ./{first} for a program in this folder"
        raise InvalidConfiguration(f"There is no program {first!r}{hint}.")
    return [found, *rest]
