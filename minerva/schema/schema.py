"""The schema of a service: an optional key, named inputs and named outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec

from minerva.conversion import explained
from minerva.errors import Fault, InvalidConfiguration
from minerva.schema.field import RESERVED, Field, FieldType
from minerva.spelling import hint

MAX_FIELDS = 10_000
WINDOW = "window"
"""Member of an input that stands for its last values, each a field of its own."""
MIN_WINDOW, MAX_WINDOW = 2, 1000
MEMBERS = ("key", "inputs", "output")
WHOLE = "a schema has key, inputs and output"


@dataclass(frozen=True)
class Schema:
    """What a service takes and gives.

    `key` names the field that identifies a record; it is echoed beside each prediction and never
    handed to a model. `inputs` and `output` keep their declared order.
    """

    inputs: Mapping[str, Field]
    output: Mapping[str, Field]
    key: str | None = None

    @classmethod
    def parse(cls, declared: Any) -> Schema:
        """Read the `schema:` part of a service declaration.

        Raises InvalidConfiguration with one fault per mistake; `where` is a JSON pointer below it.
        """
        if not isinstance(declared, Mapping):
            raise InvalidConfiguration(
                "The schema is not a mapping with inputs and output.",
                faults=[Fault("", "expected a mapping with inputs and output")],
            )
        faults = [
            Fault(f"/{name}", f"unknown; {hint(str(name), MEMBERS, WHOLE)}")
            for name in declared
            if name not in MEMBERS
        ]
        inputs = _fields(declared, "inputs", faults)
        output = _fields(declared, "output", faults)
        key = declared.get("key")
        if key is not None and (
            not isinstance(key, str) or not key or key in inputs or key in output
        ):
            faults.append(Fault("/key", "must be a name of its own, neither input nor output"))
        if faults:
            raise InvalidConfiguration("The schema cannot be used.", faults=faults)
        return cls(MappingProxyType(inputs), MappingProxyType(output), key)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the inputs that a model sees, in declared order."""
        return tuple(name for name, field in self.inputs.items() if field.use)

    def target(self) -> tuple[str, Field]:
        """Return name and field of the first output, the one that metrics are about."""
        return next(iter(self.output.items()))

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as plain JSON values; `parse` reads it back.

        Fields become lists of objects with a `name`: their order is part of the schema, and JSON
        objects have none (a canonical text sorts them, and so does a database).
        """
        plain: dict[str, Any] = {"key": self.key} if self.key else {}
        plain["inputs"] = _listed(self.inputs)
        plain["output"] = _listed(self.output)
        return plain


def _listed(fields: Mapping[str, Field]) -> list[dict[str, Any]]:
    return [{"name": name, **field.to_json()} for name, field in fields.items()]


def _fields(declared: Mapping[str, Any], part: str, faults: list[Fault]) -> dict[str, Field]:
    named = _by_name(declared.get(part))
    if not isinstance(named, Mapping) or not named:
        faults.append(Fault(f"/{part}", "expected a mapping from field name to field, not empty"))
        return {}
    if len(named) > MAX_FIELDS:
        faults.append(Fault(f"/{part}", f"more than {MAX_FIELDS} fields"))
        return {}
    fields: dict[str, Field] = {}
    for name, value in named.items():
        where = f"/{part}/{name}"
        window, alone = _window(value, where, faults) if part == "inputs" else (None, value)
        field = _field(name, alone, where, faults)
        steps = [name] if window is None else [f"{name}_{at}" for at in range(1, window + 1)]
        if field is not None:
            faults.extend(Fault(where, f"names {one!r} twice") for one in steps if one in fields)
            fields.update(dict.fromkeys(steps, field))
    if len(fields) > MAX_FIELDS:
        faults.append(Fault(f"/{part}", f"more than {MAX_FIELDS} fields"))
    if part == "output":
        faults.extend(
            Fault(f"/output/{name}", f"an output cannot be of type {field.type.value}")
            for name, field in fields.items()
            if field.type in {FieldType.TEXT, FieldType.TIMESTAMP}
        )
    return fields


def _window(value: Any, where: str, faults: list[Fault]) -> tuple[int | None, Any]:
    """Return for how many values an input stands, x_1 (the latest) to x_n, and the field of each."""
    if not isinstance(value, Mapping) or WINDOW not in value:
        return None, value
    window = value[WINDOW]
    if type(window) is not int or not MIN_WINDOW <= window <= MAX_WINDOW:
        faults.append(
            Fault(f"{where}/{WINDOW}", f"is to be a whole number from {MIN_WINDOW} to {MAX_WINDOW}")
        )
        window = None
    return window, {member: one for member, one in value.items() if member != WINDOW}


def _by_name(listed: Any) -> Any:
    """Return the mapping that a list from `to_json` stands for; anything else as it is."""
    if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
        return listed
    names = [item.get("name") for item in listed]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return listed
    return {item["name"]: {k: v for k, v in item.items() if k != "name"} for item in listed}


def _field(name: Any, value: Any, where: str, faults: list[Fault]) -> Field | None:
    if not isinstance(name, str) or not name:
        faults.append(Fault(where, "a field name is a text; quote it"))
        return None
    try:
        return msgspec.convert(value, Field)
    except InvalidConfiguration as error:
        faults.append(Fault(where, error.message))
    except msgspec.ValidationError as error:
        faults.extend(_explained(error, value, where))
    return None


def _explained(error: msgspec.ValidationError, value: Any, where: str) -> list[Fault]:
    if not str(error).startswith("Invalid enum value"):
        return explained(error, value, Field, where)
    known = [one.value for one in FieldType if one not in RESERVED]
    said = hint(str(value["type"]), known, f"a type is one of {', '.join(known)}")
    return [Fault(f"{where}/type", f"unknown; {said}")]
