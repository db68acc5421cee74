"""Runs contracts in child processes: a crash or an endless loop is a verdict, no end."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.jobs.process import JobProcess, spawn
from minerva.testing.algorithm.checks import CHECKS
from minerva.testing.algorithm.fresh import MEND_DEATH, MODULE, death, last_lines
from minerva.testing.algorithm.session import Session
from minerva.testing.check import Check
from minerva.testing.step.checks import CHECKS as STEP_CHECKS
from minerva.testing.verdict import Broken

MEND_LOOP = (
    "Look for a loop without an end or a wait for what does not come, or give more --timeout."
)
LAST_WORDS = {"result", "broken", "unknown"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one check found; `what` and `mend` are sentences."""

    subject: str
    """The algorithm, or the step: `handle: images`."""
    check: str
    title: str
    state: Literal["passed", "failed", "left out"]
    what: str = ""
    mend: str = ""
    advice: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass
class Examination:
    """A session from outside. Iterate over it once; then `found`, `steps` and `outputs` are complete."""

    session: Session
    log_file: Path
    """What the plugin prints."""
    environments: Path
    """Where the environments of algorithms with requirements are built."""
    found: list[str] = field(default_factory=list)
    """The algorithms."""
    steps: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    """Algorithm → type of the output that it was checked with."""
    finished: list[tuple[str, str]] = field(default_factory=list)
    _current: tuple[str, str] | None = None
    _python: str = sys.executable

    def __iter__(self) -> Iterator[Verdict]:
        """Run the checks, yielding each verdict.

        Raises Broken if the plugin cannot be imported, InvalidConfiguration if there is no such
        algorithm or its environment cannot be built.
        """
        ended = False
        while not ended:
            self._current = None
            told = msgspec.json.encode(self._rest())
            folder = Path(self.session.workspace)
            with spawn(MODULE, told, folder, self.log_file, python=self._python) as process:
                with closing(self._follow(process)) as verdicts:
                    ended = yield from verdicts
                code = None if process.running else process.wait()
            if self._current is not None:
                yield self._interrupted(code)

    def _rest(self) -> Session:
        """Return what is still to be done."""
        return msgspec.structs.replace(
            self.session,
            done=tuple(self.finished),
            chosen=self.outputs,
            at_home=self._python != sys.executable,
        )

    def _follow(self, process: JobProcess) -> Generator[Verdict, None, bool]:
        """Yield verdicts; return whether all is said, or another process has to go on."""
        limit = self.session.limits.timeout_s
        deadline = time.monotonic() + limit
        while process.running and (left := deadline - time.monotonic()) > 0:
            for message in process.messages(left):
                if LAST_WORDS & message.keys():
                    process.wait()  # it ends by itself, in order
                if "result" in message:
                    return True
                if self._needs_a_home(message):
                    return False
                if (verdict := self._hear(message)) is not None:
                    yield verdict
                deadline = time.monotonic() + limit
        if self._current is None:
            code = None if process.running else process.wait()
            raise self._unimported(code)
        return False

    def _needs_a_home(self, message: dict[str, Any]) -> bool:
        """Build the environment of algorithms that name requirements, unless they have it."""
        needed = message.get("requirements")
        if not needed or self._python != sys.executable:
            return False
        from minerva.layers.abstraction.runtimes.environments import Environments

        environments = Environments(self.environments)
        self._python = str(environments.python(environments.lock(needed)))
        return True

    def _hear(self, message: dict[str, Any]) -> Verdict | None:
        match message:
            case {"broken": {"what": what, "mend": mend}}:
                raise Broken(what, mend)
            case {"unknown": why}:
                raise InvalidConfiguration(why)
            case {"found": names, "steps": steps}:
                self.found, self.steps = names, steps
            case {"chosen": [algorithm, output]}:
                self.outputs[algorithm] = output
            case {"begin": [subject, check]}:
                self._current = (subject, check)
            case {"end": [subject, check], **told}:
                self._current = None
                return self._close(subject, check, told)
        return None

    def _close(self, subject: str, name: str, told: dict[str, Any]) -> Verdict:
        checks: Sequence[Check[Any, Any]] = STEP_CHECKS if subject in self.steps else CHECKS
        check = next(one for one in checks if one.name == name)
        self.finished.append((subject, name))
        if check.base and told["state"] != "passed":
            self.finished.extend((subject, one.name) for one in checks)
        told["advice"] = tuple(told.get("advice", ()))
        return Verdict(subject=subject, check=name, title=check.title, **told)

    def _interrupted(self, code: int | None) -> Verdict:
        """The verdict on a check whose process did not live to tell one."""
        if self._current is None:
            raise RuntimeError("no check was interrupted")
        what, mend = self._fate(code)
        told = {"state": "failed", "what": what, "mend": mend}
        return self._close(*self._current, told)

    def _unimported(self, code: int | None) -> Broken:
        what, mend = self._fate(code)
        when = (
            "Between two checks"
            if self.found or self.steps
            else "While the plugin was being imported"
        )
        return Broken(f"{when}: {what}", mend)

    def _fate(self, code: int | None) -> tuple[str, str]:
        if code is None:
            return f"It was not done within {self.session.limits.timeout_s:g} s.", MEND_LOOP
        return f"Its process {death(code)}{last_lines(self.log_file)}.", MEND_DEATH
