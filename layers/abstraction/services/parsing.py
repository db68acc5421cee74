"""From plain values (YAML or JSON) to a ServiceDeclaration, with a JSON pointer for every mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.services.declaration import (
    BatchDeclaration,
    DataDeclaration,
    Gate,
    JobsDeclaration,
    MonitoringDeclaration,
    Name,
    Requirement,
    ScheduleDeclaration,
    ServiceDeclaration,
    ServingDeclaration,
    TrainingDeclaration,
)
from minerva.layers.abstraction.services.plain import not_plain
from minerva.layers.abstraction.services.tuning import read_tuning
from minerva.layers.abstraction.services.when import check_schedules, check_training
from minerva.layers.abstraction.services.yaml_file import read_yaml
from minerva.schema import Schema
from minerva.schema.value import checker

MEMBERS = (
    "service", "description", "algorithm", "parameters", "schema", "data", "training", "serving",
    "requirements", "allow_pickle", "monitoring", "jobs", "schedules", "tuning", "batch",
)  # fmt: skip
NEEDED = ("service", "algorithm", "schema")
MAX_FAULTS = 20
T = TypeVar("T")


Check = Callable[[ServiceDeclaration], object]
"""Raises InvalidConfiguration for what only the whole house can know: algorithm, parameters, gate."""


def parse_file(path: Path, check: Check) -> ServiceDeclaration:
    """Read one service file. Raises InvalidConfiguration; each fault names file and line."""
    file = read_yaml(path)
    try:
        declaration = parse(file.value)
        check(declaration)
    except InvalidConfiguration as error:
        faults = [
            Fault(file.locate(fault.where), f"{_dotted(fault.where)}{fault.message}")
            for fault in error.faults
        ]
        raise InvalidConfiguration(
            f"{path.name} does not declare a usable service: {error.message}", faults=faults
        ) from error
    return declaration


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
    if schema is not None:
        faults.extend(_check_default(serving, schema))
    faults.extend(_check_batching(serving))
    if data is not None:
        faults.extend(_check_data(data))
    schedules = _part(value, "schedules", tuple[ScheduleDeclaration, ...], (), faults)
    faults.extend(check_training(training, data))
    faults.extend(check_schedules(schedules))
    faults.extend(_check_gate(training.gate))
    if faults or schema is None:
        raise InvalidConfiguration("The service declaration cannot be used.", faults=faults)
    return ServiceDeclaration(
        name, algorithm, schema, description, parameters, data, training, serving,
        requirements, allow_pickle, monitoring, jobs, schedules, tuning, batch,
    )  # fmt: skip


def _strangers(value: Mapping[Any, Any]) -> list[Fault]:
    faults = []
    for name in value:
        if name not in MEMBERS:
            close = get_close_matches(str(name), MEMBERS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(MEMBERS)}"
            faults.append(Fault(f"/{name}", f"unknown; {hint}"))
    return faults


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
        message, _, path = str(error).partition(" - at ")
        below = "".join(f"/{step}" for step in re.findall(r"\w+", path))
        faults.append(Fault(f"/{name}{below}", _plain(message)))
        return absent
    return converted


def _plain(message: str) -> str:
    """Say what the converter says in the words of a YAML author."""
    return (
        message.replace("Object contains unknown field", "unknown member")
        .replace("Object missing required field", "missing member")
        .replace("`", "'")
    )


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
        wrong = "not an output of this service" if field is None else checker(field)(value)
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


def _check_data(data: DataDeclaration) -> list[Fault]:
    needed = ("url", "query") if data.source == "sql" else ("path",)
    return [
        Fault("/data", f"source {data.source} needs {name!r}")
        for name in needed
        if getattr(data, name) is None
    ]


def _check_gate(gate: Gate | None) -> list[Fault]:
    if gate is None or gate.metric is not None:
        return []
    if (gate.at_least, gate.at_most, gate.not_worse_than) == (None, None, None):
        return []
    return [Fault("/training/gate", "missing member 'metric'")]


def _dotted(pointer: str) -> str:
    return f"{pointer.strip('/').replace('/', '.')}: " if pointer else ""
