"""In what two declarations differ, member by member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

ABSENT = "—"
"""Stands where one of the two says nothing."""


class Difference(NamedTuple):
    """One member that is not the same in both."""

    member: str
    """With those above it, as `training.gate.metric`."""
    before: Any
    after: Any


def differences(before: Any, after: Any) -> list[Difference]:
    """Return what differs, in the order in which it is said; plain values of YAML or JSON."""
    old, new = dict(_flat(before)), dict(_flat(after))
    return [
        Difference(member, old.get(member, ABSENT), new.get(member, ABSENT))
        for member in dict.fromkeys([*old, *new])
        if old.get(member, ABSENT) != new.get(member, ABSENT)
    ]


def _flat(value: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value that is no mapping; of a list of named things each by its name."""
    named = _named(value)
    if named or (isinstance(value, Mapping) and not above):
        for name, one in named.items():
            yield from _flat(one, f"{above}.{name}" if above else str(name))
    else:
        yield above, value


def _named(value: Any) -> Mapping[Any, Any]:
    """Return a mapping as it is, and a list of fields (`Schema.to_json`) by their names."""
    if isinstance(value, Mapping):
        return value
    listed = isinstance(value, Sequence) and not isinstance(value, str) and len(value) > 0
    if listed and all(isinstance(one, Mapping) and "name" in one for one in value):
        return {one["name"]: {k: v for k, v in one.items() if k != "name"} for one in value}
    return {}
