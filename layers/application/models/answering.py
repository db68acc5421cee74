"""From what a model says to what a service's output means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from minerva import Field, FieldType, InvalidConfiguration, Schema
from minerva.errors import Fault

Scores = Literal["probability", "logit"]
"""What numbers per class are: probabilities already, or what softmax or sigmoid makes them of."""
NUMERIC = (FieldType.INTEGER, FieldType.NUMBER)
ROUNDING = 1e-3


@dataclass(frozen=True)
class Answer:
    """The one output, and where each of its values stands among the model's classes."""

    name: str
    field: Field
    order: tuple[int, ...] = ()
    scores: Scores = "probability"

    @property
    def numeric(self) -> bool:
        """Whether the output is a number, so that there are no classes."""
        return self.field.type in NUMERIC

    def from_scores(self, raw: NDArray[Any]) -> NDArray[np.float64]:
        """Read numbers of shape (n,) or (n, 1): of the second class, or (n, classes)."""
        shares = raw.astype(np.float64)
        if self.numeric:
            return shares.reshape(len(shares))
        single = shares.ndim == 1 or shares.shape[1] == 1
        if single:
            chance = shares.reshape(len(shares))
            chance = _sigmoid(chance) if self.scores == "logit" else chance
            shares = np.stack([1.0 - chance, chance], axis=1)
        elif self.scores == "logit":
            shares = np.exp(shares - shares.max(axis=1, keepdims=True))
        if not single:
            shares = _whole(shares, always=self.scores == "logit")
        shares = shares[:, list(self.order)]
        return np.ascontiguousarray(shares[:, 1]) if self.boolean else shares

    def none(self) -> NDArray[np.float64]:
        """Return the answer to no records."""
        wide = not self.numeric and not self.boolean
        return np.empty((0, len(self.order)) if wide else 0)

    def from_positions(self, chosen: NDArray[Any]) -> NDArray[Any]:
        """Read the position of each record's class among the model's."""
        found = np.argsort(np.asarray(self.order))[chosen.astype(np.int64)]
        return found.astype(np.float64) if self.boolean else found

    @property
    def boolean(self) -> bool:
        """Whether the output is true or false."""
        return self.field.type is FieldType.BOOLEAN


def only_output(schema: Schema, file: str) -> tuple[str, Field]:
    """Return the one output. Raises InvalidConfiguration if there are more."""
    if len(schema.output) > 1:
        raise InvalidConfiguration(
            f"{file} gives one output, but the schema has {len(schema.output)}.",
            faults=[Fault("/schema/output", "has more than one output")],
        )
    return schema.target()


def answer_of(
    schema: Schema, classes: Sequence[Any] | int, file: str, scores: Scores = "probability"
) -> Answer:
    """Return how the model answers the schema's output.

    `classes`: the labels of its classes in its own order, how many there are where it has no labels,
    or 0 for a number. Raises InvalidConfiguration if that does not fit.
    """
    name, field = only_output(schema, file)
    count = classes if isinstance(classes, int) else len(classes)
    if (field.type in NUMERIC) != (count == 0):
        gives = f"tells {count} classes apart" if count else "gives a number"
        raise _refusal(file, name, f"is of type {field.type.value}, but the model {gives}")
    if count == 0:
        return Answer(name, field)
    wanted: Sequence[Any] = (False, True) if field.type is FieldType.BOOLEAN else field.values
    if len(wanted) != count:
        said = f"has {len(wanted)} values, but the model tells {count} classes apart"
        raise _refusal(file, name, said)
    labels = range(count) if isinstance(classes, int) else list(map(plain, classes))
    order = _order(wanted, labels)
    if order is None:
        shown = ", ".join(repr(label) for label in labels[:20])
        raise _refusal(file, name, f"its values must be the model's classes: {shown}")
    return Answer(name, field, order, scores)


def described(classes: Sequence[Any]) -> dict[str, Any]:
    """Return the output that classes make, as a service file declares it."""
    labels = [plain(label) for label in classes]
    if sorted(map(str, labels)) in (["0", "1"], ["False", "True"]):
        return {"type": "boolean"}
    return {"type": "category", "values": [str(v) if isinstance(v, bool) else v for v in labels]}


def plain(label: Any) -> Any:
    """Return a class's label as plain text, whole number, number or truth value."""
    if isinstance(label, np.generic):
        label = label.item()
    if isinstance(label, bytes):
        label = label.decode(errors="replace")
    return int(label) if isinstance(label, float) and label.is_integer() else label


def _order(wanted: Sequence[Any], labels: Sequence[Any]) -> tuple[int, ...] | None:
    """By name; or by position, where the labels are only counted."""
    named = [_name(label) for label in labels]
    if set(named) == {_name(value) for value in wanted}:
        return tuple(named.index(_name(value)) for value in wanted)
    if list(labels) == list(range(len(wanted))):
        return tuple(range(len(wanted)))
    return None


def _name(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(plain(value))


def _whole(shares: NDArray[np.float64], *, always: bool) -> NDArray[np.float64]:
    """Make rows sum up to 1 that nearly do (float32 misses it by 1e-6); others are left to be refused."""
    sums = shares.sum(axis=1, keepdims=True)
    near = np.abs(sums - 1) < ROUNDING
    return shares / np.where(near | always, sums, 1.0)


def _sigmoid(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return 0.5 * (1.0 + np.tanh(0.5 * score))


def _refusal(file: str, output: str, what: str) -> InvalidConfiguration:
    return InvalidConfiguration(
        f"{file} does not fit the schema's output.",
        faults=[Fault(f"/schema/output/{output}", what)],
    )
