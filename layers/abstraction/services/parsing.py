"""From plain values (YAML or JSON) to a ServiceDeclaration, with a JSON pointer for every mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from minerva.conversion import explained
from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.services.data import check_data
from minerva.layers.abstraction.services.declaration import (
    BatchDeclaration,
    DataDeclaration,
    Gate,
    JobsDeclaration,
    MonitoringDeclaration,
    Name,
    Reason,
    Requirement,
    ScheduleDeclaration,
    Scope,
    ServiceDeclaration,
    ServingDeclaration,
    TrainingDeclaration,
)
from minerva.layers.abstraction.services.extending import Extended, read_extended
from minerva.layers.abstraction.services.lending import untrained
from minerva.layers.abstraction.services.plain import not_plain
from minerva.layers.abstraction.services.tuning import read_tuning
from minerva.layers.abstraction.services.when import check_schedules, check_training
from minerva.schema import Schema
from minerva.schema.value import checker
from minerva.spelling import doubt, hint

MEMBERS = (
    "service", "description", "algorithm", "parameters", "schema", "data", "training", "serving",
    "requirements", "allow_pickle", "monitoring", "jobs", "schedules", "tuning", "batch",
    "versions_of", "share", "reason",
)  # fmt: skip
OF_FILES = ("extends", "tenants")
"""Members that a file may have besides."""
NEEDED = ("service", "algorithm", "schema")
ANYONE: Scope = "anyone"
MAX_FAULTS = 20
T = TypeVar("T")


Check = Callable[[ServiceDeclaration], object]
"""Raises InvalidConfiguration for what only the whole house can know: algorithm, parameters, gate."""


def parse_file(path: Path, check: Check) -> ServiceDeclaration:
    """Read one service file. Raises InvalidConfiguration; each fault names file and line."""
    return parse_read(read_extended(path), check)


def parse_read(file: Extended, check: Check) -> ServiceDeclaration:
    """Return what a file that was read declares. Raises as `parse_file`."""
    with located(file):
        declaration = parse(own(file.value))
        check(declaration)
    return declaration


def own(value: Any) -> Any:
    """Return what a file says of the service itself, without what differs for tenants."""
    if not isinstance(value, Mapping):
        return value
    return {name: one for name, one in value.items() if name not in OF_FILES}


@contextmanager
def located(file: Extended) -> Iterator[None]:
    """Raise an InvalidConfiguration within again, with file and line in the place of each pointer."""
    try:
        yield
    except InvalidConfiguration as error:
        faults = [
            Fault(file.locate(fault.where), f"{_dotted(fault.where)}{fault.message}")
            for fault in error.faults
        ]
        name = file.files[0].path.name
        raise InvalidConfiguration(
            f"{name} does not declare a usable service: {error.message}", faults=faults
        ) from error


def parse(value: Any) -> ServiceDeclaration:
    """Read plain values. Raises InvalidConfiguration; each fault has a JSON pointer."""
    if not isinstance(value, Mapping):
        fault = Fault("", "expected a mapping with service, algorithm and schema")
        raise InvalidConfiguration("This is not a service declaration.", faults=[fault])
    unreadable = [*islice(not_plain(value), MAX_FAULTS)]
    if unreadable:
        raise InvalidConfiguration("The service declaration is not JSON.", faults=unreadable)
    faults = [*_strangers(value), *_missing(value)]
    schema = _schema(value["schema"], faults) if value.get("schema") is not None else None
    name = _part(value, "service", Name, "", faults)
    algorithm = _part(value, "algorithm", str, "", faults)
    description = _part(value, "description", str, "", faults)
    nothing: dict[str, Any] = {}
    parameters = _part(value, "parameters", dict[str, Any], nothing, faults)
    data = _part(value, "data", DataDeclaration, None, faults)
    training = _part(value, "training", TrainingDeclaration, TrainingDeclaration(), faults)
    serving = _part(value, "serving", ServingDeclaration, ServingDeclaration(), faults)
    requirements = _part(value, "requirements", tuple[Requirement, ...], (), faults)
    allow_pickle = _part(value, "allow_pickle", bool, False, faults)
    monitoring = _part(value, "monitoring", MonitoringDeclaration, MonitoringDeclaration(), faults)
    jobs = _part(value, "jobs", JobsDeclaration, JobsDeclaration(), faults)
    tuning = read_tuning(value, _part, faults)
    batch = _part(value, "batch", BatchDeclaration, BatchDeclaration(), faults)
    versions_of = _part(value, "versions_of", Name, None, faults)
    share = _part(value, "share", Scope, ANYONE, faults)
    reason = _part(value, "reason", Reason, "", faults)
    if schema is not None:
        faults.extend(_check_default(serving, schema))
    faults.extend(_check_batching(serving))
    faults.extend(check_data(data, schema, training.engine))
    schedules = _part(value, "schedules", tuple[ScheduleDeclaration, ...], (), faults)
    faults.extend(check_training(training, data, monitoring))
    faults.extend(check_schedules(schedules))
    faults.extend(_check_gate(training.gate))
    if faults or schema is None:
        raise InvalidConfiguration("The service declaration cannot be used.", faults=faults)
    return untrained(ServiceDeclaration(
        name, algorithm, schema, description, parameters, data, training, serving,
        requirements, allow_pickle, monitoring, jobs, schedules, tuning, batch, versions_of, share, reason,
    ))  # fmt: skip


def _strangers(value: Mapping[Any, Any]) -> list[Fault]:
    return [
        Fault(f"/{name}", f"unknown; {hint(str(name), (*MEMBERS, *OF_FILES))}")
        for name in value
        if name not in MEMBERS
    ]


def _missing(value: Mapping[Any, Any]) -> list[Fault]:
    return [Fault("", f"{name!r} is missing") for name in NEEDED if value.get(name) is None]


def _schema(declared: Any, faults: list[Fault]) -> Schema | None:
    try:
        return Schema.parse(declared)
    except InvalidConfiguration as error:
        faults.extend(Fault(f"/schema{fault.where}", fault.message) for fault in error.faults)
        return None


def _part(value: Mapping[Any, Any], name: str, kind: Any, absent: T, faults: list[Fault]) -> T:
    if value.get(name) is None:
        return absent
    try:
        converted: T = msgspec.convert(value[name], kind)
    except msgspec.ValidationError as error:
        faults.extend(explained(error, value[name], kind, f"/{name}"))
        return absent
    return converted


def _check_default(serving: ServingDeclaration, schema: Schema) -> list[Fault]:
    if serving.default is None:
        return []
    faults = [
        Fault("/serving/default", f"lacks the output {name!r}")
        for name in schema.output
        if name not in serving.default
    ]
    for name, value in serving.default.items():
        field = schema.output.get(name)
        if field is None:
            wrong: str | None = f"not an output of this service{doubt(name, schema.output)}"
        else:
            wrong = checker(field)(value)
        if wrong is not None:
            hint = ' (quote "Yes" and "No")' if isinstance(value, bool) else ""
            faults.append(Fault(f"/serving/default/{name}", wrong + hint))
    return faults


def _check_batching(serving: ServingDeclaration) -> list[Fault]:
    batching, deadline_ms = serving.batching, serving.deadline_ms
    if batching is None or deadline_ms is None or batching.max_wait_ms < deadline_ms:
        return []
    message = f"must be below the deadline, {deadline_ms} ms"
    return [Fault("/serving/batching/max_wait_ms", message)]


def _check_gate(gate: Gate | None) -> list[Fault]:
    if gate is None or gate.metric is not None:
        return []
    if (gate.at_least, gate.at_most, gate.not_worse_than) == (None, None, None):
        return []
    return [Fault("/training/gate", "missing member 'metric'")]


def _dotted(pointer: str) -> str:
    return f"{pointer.strip('/').replace('/', '.')}: " if pointer else ""
