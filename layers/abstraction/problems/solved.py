"""What one version solves: what a trained version's problem is known by when rows are judged in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from minerva.layers.abstraction.problems.classification import CLASSES
from minerva.layers.abstraction.problems.kind import Kind
from minerva.layers.abstraction.problems.kinds import CLASSIFICATION, KINDS, REGRESSION
from minerva.layers.abstraction.problems.live import Live
from minerva.schema import Field, FieldType, Schema


@dataclass(frozen=True, eq=False)
class Solved:
    """The problem of one version."""

    schema: Schema
    kind: Kind
    roles: Mapping[str, str]
    """Role → the input that plays it."""

    @classmethod
    def of(cls, schema: Schema, manifest: Mapping[str, Any]) -> Solved:
        """Return what the manifest of a version says; without one, what the output says."""
        kind = kind_of_version(manifest, schema.target()[1])
        return cls(schema, kind, manifest.get("roles", {}))

    @property
    def live(self) -> Live:
        """How its answers are judged."""
        return self.kind.live(self.schema)

    @property
    def unseen(self) -> str | None:
        """An input that its metrics look at and that is never recorded, if there is one."""
        names = looked_at(self.schema) if self.live.inputs else []
        personal = (name for name in names if self.schema.inputs[name].pii)
        return next(personal, None)


def kind_of_version(manifest: Mapping[str, Any], output: Field) -> Kind:
    """Return what a version solves; those from before there were kinds tell it by their output."""
    kind = KINDS.get(manifest.get("problem", ""))
    return kind or (CLASSIFICATION if output.type in CLASSES else REGRESSION)


def looked_at(schema: Schema) -> list[str]:
    """Return the inputs that distances between rows are made of."""
    return [name for name in schema.features if schema.inputs[name].type is not FieldType.TEXT]
