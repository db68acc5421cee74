"""Whether what a declaration says about time can be meant: cron expressions, zones, watermarks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.schedules.cron import wrong_expression, wrong_timezone
from minerva.layers.abstraction.services.declaration import (
    DataDeclaration,
    MonitoringDeclaration,
    RetrainDeclaration,
    ScheduleDeclaration,
    TrainingDeclaration,
)
from minerva.spelling import hint


def check_training(
    training: TrainingDeclaration, data: DataDeclaration | None, monitoring: MonitoringDeclaration
) -> Iterator[Fault]:
    """Yield what is wrong with when a service is trained."""
    if training.schedule is not None:
        yield from _wrong(wrong_expression(training.schedule), "/training/schedule")
    yield from _wrong(wrong_timezone(training.timezone), "/training/timezone")
    if training.watermark is not None and (data is None or data.source != "sql"):
        yield Fault("/training/watermark", "asks the database of `data`, whose source must be sql")
    if training.retrain is not None:
        yield from _check_retrain(training.retrain, data, monitoring)


def _check_retrain(
    retrain: RetrainDeclaration, data: DataDeclaration | None, monitoring: MonitoringDeclaration
) -> Iterator[Fault]:
    if data is None:
        yield Fault("/training/retrain", "needs `data` to train on")
    if not monitoring.sample:
        yield Fault(
            "/monitoring/sample", "records nothing, but `training.retrain` goes by the records"
        )
    for index, name in enumerate(retrain.on):
        if name in retrain.on[:index]:
            yield Fault(f"/training/retrain/on/{index}", "stands here a second time")
        if not getattr(monitoring, name):
            message = f"watches no {name}, but `training.retrain` goes by it"
            yield Fault(f"/monitoring/{name}", message)


def check_schedules(schedules: Sequence[ScheduleDeclaration]) -> Iterator[Fault]:
    """Yield what is wrong with a service's list of schedules."""
    names = [schedule.name for schedule in schedules]
    for index, schedule in enumerate(schedules):
        where = f"/schedules/{index}"
        if schedule.name in names[:index]:
            yield Fault(f"{where}/name", "is the name of an earlier schedule too")
        yield from _wrong(wrong_expression(schedule.cron), f"{where}/cron")
        yield from _wrong(wrong_timezone(schedule.timezone), f"{where}/timezone")


def _wrong(reason: str | None, where: str) -> Iterator[Fault]:
    if reason is not None:
        yield Fault(where, reason)


def check_kinds(schedules: Sequence[ScheduleDeclaration], known: Collection[str]) -> None:
    """Raise InvalidConfiguration for schedules of jobs that nobody can do.

    `known` are all kinds; one with a dot in its name is a part of another and starts with that one.
    """
    whole = sorted(name for name in known if "." not in name)
    faults = [
        Fault(f"/schedules/{index}/kind", _unknown(schedule.kind, whole))
        for index, schedule in enumerate(schedules)
        if schedule.kind not in whole
    ]
    if faults:
        raise InvalidConfiguration("A schedule names no kind of job.", faults=faults)


def _unknown(kind: str, known: Sequence[str]) -> str:
    return f"there is no kind of job {kind!r}; {hint(kind, known)}"
