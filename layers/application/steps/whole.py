"""Inputs that must not be missing: a flow that wires others is refused when it is read."""

from __future__ import annotations

from minerva import InvalidConfiguration
from minerva.errors import Fault
from minerva.step import Fields


def refuse_nullable(inputs: Fields) -> None:
    """Raise InvalidConfiguration for fields that may be missing."""
    faults = [
        Fault(
            f"/inputs/{name}",
            "may be missing, and must not be: fill it in, or filter such rows out",
        )
        for name, field in inputs.items()
        if field.nullable
    ]
    if faults:
        raise InvalidConfiguration("The step works on whole rows only.", faults=faults)
