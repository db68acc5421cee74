"""One kind of step with rows to try it on: run as flows run it."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.errors import (
    AlgorithmFailed,
    DeadlineExceeded,
    InvalidData,
    InvalidInput,
    MinervaError,
    TooLarge,
    Unavailable,
)
from minerva.layers.abstraction.flows.making import read_as
from minerva.layers.abstraction.flows.volume import RequestVolume
from minerva.layers.abstraction.flows.work import KindWork, Made
from minerva.step import Fields, Items, Learns, Step, Volume
from minerva.testing.origin import Origin, called
from minerva.testing.step.example import Example
from minerva.testing.step.outcome import Unit, units_of
from minerva.testing.step.values import check_values
from minerva.testing.verdict import Broken, NotApplicable, described, raised

Result = TypeVar("Result")
Learnt = Mapping[str, NDArray[Any]]
REFUSALS = (InvalidInput, InvalidData, TooLarge, Unavailable, DeadlineExceeded)
"""What a step may raise where it works."""
RUN, QUOTA_MB, THREADS, SECONDS = "0" * 32, 1_024, 2, 3_600.0
MEND_RUN = "Mend that line, or tell of the row with context.fail(row, reason)."
MEND_EXAMPLE = "Give the contract `columns` (and `files`, `workspace`) that the step can work on."
MEND_MADE = (
    "Return a column for each field that `outputs` returned, with as many rows as its shape says; NaN, "
    "None or -1 in nullable fields only."
)
MEND_SPREAD = (
    "Return Spread(columns, of): columns of one length, and `of` the position in `items` of the row that "
    "each is made of, never decreasing."
)
REAL = "needs real inputs: test it with minerva.testing.StepContract"
NEEDS_PARAMETERS = "needs parameters: name a flow that uses it (minerva test: --service FLOW)"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a step may use while it is checked."""

    timeout_s: float = 60.0
    """For each fresh process."""
    outputs_s: float = 1.0
    """CPU time in which `outputs` answers: it is asked whenever a flow is read."""


class Task(msgspec.Struct, frozen=True, kw_only=True, tag="StepTask"):
    """A case on its way into a fresh process, and what is asked there: `life` or `again`."""

    name: str
    origin: Origin
    example: Example
    made_up: bool
    parameters: dict[str, Any]
    files: dict[str, bytes]
    workspace: str
    limits: Limits
    folder: str = ""


@dataclass(frozen=True)
class Outcome:
    """One run."""

    units: list[Unit]
    failed: Mapping[int, str]


@dataclass(frozen=True, eq=False)
class StepCase:
    """What the checks look at."""

    step: Step
    origin: Origin
    example: Example
    made_up: bool = False
    """Whether nobody gave the rows: a step may refuse them then."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What lies in the volume before."""
    workspace: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    limits: Limits = field(default_factory=Limits)
    seen: dict[str, Any] = field(default_factory=dict)
    """What a fresh process saw, kept for all the checks that want to know."""

    @property
    def home(self) -> Path | None:
        """Where the step's own code stands."""
        return self.origin.home

    @cached_property
    def told(self) -> Any:
        """The step's own parameters. Raises Broken, or NotApplicable where a test has to give some."""
        try:
            return read_as(dict(self.parameters), self.step.Parameters, called(self.step))
        except MinervaError as error:
            wrong = "; ".join(map(str, error.faults)) or error.message
            if self.made_up:
                raise NotApplicable(f"{NEEDS_PARAMETERS} ({wrong})") from error
            raise Broken(
                f"The parameters do not fit {called(self.step)}: {wrong}.",
                "Give the contract `parameters` that the step takes.",
            ) from error

    def outputs(self, fields: Fields) -> dict[str, Any]:
        """Return what it says that it makes. Raises MinervaError if it refuses, else Broken."""
        told = self.told
        try:
            made = self.step.outputs(fields, told)
        except MinervaError:
            raise
        except (Exception, SystemExit) as error:
            mend = "Raise InvalidConfiguration for inputs or parameters that do not fit."
            raise raised("outputs", error, self.home, mend) from error
        if not isinstance(made, Mapping):
            raise Broken(
                f"outputs returned {type(made).__name__}.", "Return a dictionary, {name: Field(…)}."
            )
        return dict(made)

    @cached_property
    def fields(self) -> dict[str, Any]:
        """What it makes of the example's fields. Raises Broken, NotApplicable."""
        try:
            return self.outputs(self.example.fields)
        except MinervaError as error:
            if self.made_up:
                raise NotApplicable(f"{REAL} (it refused {described(error)})") from error
            raise Broken(
                f"outputs refused the example's fields with {described(error)}.",
                "Give the contract `fields` and `parameters` that fit the step.",
            ) from error

    @cached_property
    def learnt(self) -> Learnt:
        """What it learns from the example. Raises Broken, NotApplicable."""
        return self.refused("fit", lambda: self.fit(self.items(), self.fields))

    def items(self) -> Items:
        """Return the example's rows, new ones each time."""
        return self.example.items()

    def fit(self, items: Items, fields: Fields) -> Learnt:
        """Return what it learns from rows. Raises MinervaError if it refuses them, else Broken."""
        if not isinstance(self.step, Learns):
            return {}
        with self.volume() as volume:
            context = self._work(fields, {}).context(volume, math.inf, {})
            try:
                arrays = dict(self.step.fit(items, context))
            except REFUSALS:
                raise
            except (Exception, SystemExit) as error:
                mend = "Mend that line, or refuse rows with InvalidData."
                raise raised("fit", error, self.home, mend) from error
        return {name: np.asarray(one) for name, one in arrays.items()}

    def run(self, items: Items | None = None, learnt: Learnt | None = None) -> Outcome:
        """Return what it makes of rows, the example's if none are given. Raises Broken, NotApplicable."""
        if self.made_up and self.step.outside:
            raise NotApplicable(f"{REAL} (it reaches outside)")
        given = self.items() if items is None else items
        known = self.learnt if learnt is None else learnt
        return self.refused("run", lambda: self.try_run(given, self.fields, known))

    def try_run(
        self, items: Items, fields: Fields, learnt: Learnt, volume: Volume | None = None
    ) -> Outcome:
        """Return what it makes of rows. Raises one of REFUSALS if it refuses them, else Broken."""
        if volume is None:
            with self.volume() as fresh:
                return self.try_run(items, fields, learnt, fresh)
        units = items.records if self.step.shape == "gather" else len(items)
        made = self._made(items, fields, learnt, volume)
        within = {row: why for row, why in made.failed.items() if 0 <= row < units}
        kept = Made(made.columns, made.of, within)
        check_values(kept, fields)
        folder = volume.folder if isinstance(volume, RequestVolume) else Path()
        reasons = {unit: failure.message for unit, failure in made.failed.items()}
        return Outcome(units_of(kept, units, folder), reasons)

    def _made(self, items: Items, fields: Fields, learnt: Learnt, volume: Volume) -> Made:
        try:
            return self._work(fields, learnt)(items, volume, time.monotonic() + SECONDS)
        except AlgorithmFailed as error:
            mend = MEND_SPREAD if self.step.shape == "spread" else MEND_MADE
            raise Broken(f"run broke its word: {error.message}", mend) from error
        except (*REFUSALS, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            raise raised("run", error, self.home, MEND_RUN) from error

    def _work(self, fields: Fields, learnt: Learnt) -> KindWork:
        return KindWork(self.step, self.told, fields, self.workspace, THREADS, learnt)

    @contextmanager
    def volume(self) -> Iterator[RequestVolume]:
        """Give a volume of a request, with the case's files. Raises Broken for a name that it has not."""
        with tempfile.TemporaryDirectory(prefix="minerva-contract-") as root:
            made = RequestVolume(Path(root), RUN, QUOTA_MB)
            for name, content in self.files.items():
                if made.write(name, content) != name:
                    mend = "Name it with letters, digits, `.`, `_` and `-` only."
                    raise Broken(f"No file of a volume can be called {name!r}.", mend)
            yield made

    def refused(self, step: str, call: Callable[[], Result]) -> Result:
        """Call; a refusal breaks a promise where a person gave the rows, else nothing can be said."""
        try:
            return call()
        except REFUSALS as error:
            if self.made_up:
                raise NotApplicable(f"{REAL} ({step} refused {described(error)})") from error
            raise Broken(
                f"{step} refused the example with {described(error)}.", MEND_EXAMPLE
            ) from error

    def pack(self, name: str, folder: Path | None = None) -> Task:
        """Return the case for a fresh process."""
        return Task(
            name=name,
            origin=self.origin,
            example=self.example,
            made_up=self.made_up,
            parameters=dict(self.parameters),
            files=dict(self.files),
            workspace=str(self.workspace),
            limits=self.limits,
            folder="" if folder is None else str(folder),
        )


def unpack(task: Task, step: Step) -> StepCase:
    """Return the case in a fresh process."""
    return StepCase(
        step=step,
        origin=task.origin,
        example=task.example,
        made_up=task.made_up,
        parameters=task.parameters,
        files=task.files,
        workspace=Path(task.workspace),
        limits=task.limits,
    )
