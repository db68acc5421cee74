"""Which inputs play a part, and which field rows are held out by: read from a declaration, and checked."""

from __future__ import annotations

from typing import Any

from minerva.algorithm import Algorithm
from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.problems.kind import MOMENTS, Kind, Role, Way
from minerva.layers.abstraction.services.declaration import ServiceDeclaration, SplitDeclaration
from minerva.schema import Schema
from minerva.spelling import hint

WHERE = "/training/split"


def roles_of(kind: Kind, algorithm: Algorithm, declaration: ServiceDeclaration) -> dict[str, str]:
    """Return role → input, as the parameters of these names say. Raises InvalidConfiguration."""
    if not kind.roles:
        return {}
    parameters = read_parameters(algorithm, declaration.parameters)
    named = {role.name: getattr(parameters, role.name, None) for role in kind.roles}
    faults = [
        Fault(f"/parameters/{role.name}", wrong)
        for role in kind.roles
        if (wrong := _wrong(role, named[role.name], declaration.schema)) is not None
    ]
    if faults:
        raise InvalidConfiguration(
            f"Algorithm {algorithm.name} solves {kind.name}: its parameters must say which input is which.",
            faults=faults,
        )
    return {name: one for name, one in named.items() if one is not None}


def split_of(
    kind: Kind, roles: dict[str, str], declaration: ServiceDeclaration
) -> SplitDeclaration:
    """Return how rows are held out: as declared, else as usual. Raises InvalidConfiguration."""
    declared, overlapping = declaration.training.split, _overlapping(declaration)
    usual: Way = "time" if overlapping else kind.ways[0]
    split = SplitDeclaration(by=usual) if declared is None else declared
    if split.by not in kind.ways:
        known = " or ".join(kind.ways)
        raise _unsplit("/by", f"rows of {kind.name} are held out by {known}, not by {split.by}")
    if split.by == "random" and overlapping:
        raise _unsplit("/by", "windows of a key overlap: rows are held out by time or group")
    if split.by == "random":
        if split.field is not None:
            raise _unsplit("/field", "belongs to time and group: at random asks for no field")
        return split
    field = split.field or roles.get(split.by) or _of_sequence(split, declaration)
    if field is None:
        raise _unsplit("", f"by {split.by} needs a field: which one tells it?")
    _check_field(split, field, declaration.schema)
    return SplitDeclaration(by=split.by, field=field)


def _overlapping(declaration: ServiceDeclaration) -> bool:
    """Tell whether several records look back on the same rows."""
    sequence = None if declaration.data is None else declaration.data.sequence
    return sequence is not None and sequence.per == "row"


def _of_sequence(split: SplitDeclaration, declaration: ServiceDeclaration) -> str | None:
    sequence = None if declaration.data is None else declaration.data.sequence
    return sequence.time if sequence is not None and split.by == "time" else None


def _check_field(split: SplitDeclaration, field: str, schema: Schema) -> None:
    if split.by == "group" and field == schema.key:
        return
    if field not in schema.inputs:
        raise _unsplit("/field", f"is no input; {hint(field, schema.inputs)}")
    kind = schema.inputs[field].type
    if split.by == "time" and kind not in MOMENTS:
        raise _unsplit("/field", f"is of type {kind.value}, which has no order in time")


def _unsplit(below: str, message: str) -> InvalidConfiguration:
    return InvalidConfiguration(
        "The rows cannot be held out so.", faults=[Fault(f"{WHERE}{below}", message)]
    )


def _wrong(role: Role, named: Any, schema: Schema) -> str | None:
    if named is None:
        return "is missing: it names an input" if role.needed else None
    if named not in schema.features:
        return f"{named!r} is no input that is used; {hint(str(named), schema.features)}"
    kind = schema.inputs[named].type
    if role.types and kind not in role.types:
        return f"{named!r} is of type {kind.value}: {' or '.join(sorted(role.types))} is needed"
    return None
