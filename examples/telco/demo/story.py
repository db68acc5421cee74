"""Following the legacy product: data prepared, model trained, everybody scored."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from demo import legacy
from demo.parts import Parts
from demo.plan import SERVICE, Plan
from demo.start import ask, prepare_again
from demo.trouble import DemoError
from minerva.errors import MinervaError

WITHIN_S = 900.0
FAILED = frozenset({"failed", "cancelled", "dead"})


def follow(plan: Plan, parts: Parts, console: Console) -> None:
    """Wait until the newest data is trained on and everybody scored. Raises DemoError."""
    before = legacy.status(plan)
    if _ended_badly(before) or (_scored(before) and not _serves(plan)):
        prepare_again(plan)
    elif _scored(before):
        console.print("A model of this data serves already, and everybody is scored.")
        return
    with _progress(console) as progress:
        bars = Bars(progress)
        ignored = (before["orchestration"] or {}).get("id") if _ended_badly(before) else None

        def done() -> bool:
            now = legacy.status(plan)
            bars.show(now)
            if _ended_badly(now) and now["orchestration"]["id"] != ignored:
                raise DemoError(_why(plan, now["orchestration"]))
            return _scored(now)

        parts.wait_until(done, "Training and scoring", WITHIN_S)
    _tell(legacy.status(plan), console)


class Bars:
    """One progress bar per unit at work."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._prepare = progress.add_task(
            "pre-processing unit: preparing the training data", total=1
        )
        self._train = progress.add_task("sidecar: training", total=1, start=False)
        self._score = progress.add_task("main subsystem: scoring everybody", total=1, start=False)

    def show(self, now: dict[str, Any]) -> None:
        """Move the bars to where the units are."""
        prepared, training = now["preprocessing"], now["orchestration"]
        if prepared is None:
            return
        self._advance(self._prepare, 1.0)
        if training is None or training["id"] != prepared["id"]:
            return
        self._advance(self._train, training["progress"] or 0.0)
        if training["outcome"] == "succeeded":
            share = now["main"]["scored"] / max(now["main"]["customers"], 1)
            self._advance(self._score, 1.0 if training["scored_at"] else share)

    def _advance(self, task: TaskID, share: float) -> None:
        self._progress.start_task(task)
        self._progress.update(task, completed=share)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def _tell(now: dict[str, Any], console: Console) -> None:
    prepared, training = now["preprocessing"], now["orchestration"]
    console.print(f"The pre-processing unit prepared {prepared['rows']:,} rows.")
    console.print(f"The orchestration unit had the sidecar train version {training['version']}.")
    console.print(f"The main subsystem scored {now['main']['scored']:,} subscribers.")


def _newest(now: dict[str, Any]) -> dict[str, Any] | None:
    """Return the training of the newest data, if it was asked for already."""
    prepared, training = now["preprocessing"], now["orchestration"]
    return training if prepared and training and prepared["id"] == training["id"] else None


def _scored(now: dict[str, Any]) -> bool:
    training = _newest(now)
    return training is not None and training["scored_at"] is not None


def _ended_badly(now: dict[str, Any]) -> bool:
    training = _newest(now)
    return training is not None and training["outcome"] in FAILED


def _serves(plan: Plan) -> bool:
    """Whether the sidecar has a version; its state may have been thrown away since."""
    try:
        with ask(plan) as client:
            return bool(client.versions(SERVICE))
    except MinervaError:
        return False


def _why(plan: Plan, training: dict[str, Any]) -> str:
    return (
        f"The training ended as {training['outcome']} ({training['problem']}). Its log: "
        f"minerva jobs log {training['job_id']} --workspace {plan.workspace}"
    )
