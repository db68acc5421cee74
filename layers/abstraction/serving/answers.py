"""From a model's arrays to what a caller gets, checked against the output schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Predictions
from minerva.errors import AlgorithmFailed
from minerva.schema import Batch, Field, FieldType, Schema
from minerva.schema.field import MAX_EXACT_INTEGER

DIGITS = 6
"""Decimal places of a probability; a model's float32 holds no more."""
TOLERANCE = 1e-3
"""How far a row of probabilities may be from 1 in sum: roundings of many classes, not a raw score."""


@dataclass(frozen=True, eq=False)
class Answered:
    """One output over n records, checked and rounded as callers get it."""

    values: NDArray[Any]
    """Shape (n,): a category's int64 index into the values, bool, int64 or float64."""
    chances: NDArray[np.float64] | None = None
    """A category's probabilities, shape (n, values), or the probability of true, shape (n,)."""

    def between(self, start: int, end: int) -> Answered:
        """Return what it says over some of the records."""
        chances = None if self.chances is None else self.chances[start:end]
        return Answered(self.values[start:end], chances)


class _Some(Mapping[str, Answered]):
    """Outputs over some of the records, cut for who looks at them."""

    def __init__(self, outputs: Mapping[str, Answered], start: int, end: int) -> None:
        self._outputs, self._start, self._end = outputs, start, end

    def __getitem__(self, name: str) -> Answered:
        return self._outputs[name].between(self._start, self._end)

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)


@dataclass(frozen=True, eq=False)
class Answers:
    """What one version says about n records, column by column; rows are made for who asks for them."""

    schema: Schema
    outputs: Mapping[str, Answered]
    count: int
    keys: Sequence[Any] | None = None
    """The records' keys, where the schema has one."""
    contributions: NDArray[Any] | None = None
    """Why: shape (n, features), where an explanation was asked for."""
    confidences: Mapping[str, NDArray[np.float64]] | None = None
    """Output → the chance that the answer is right, shape (n,), or its interval, shape (n, 2); where
    that was asked for."""
    whole: Answers | None = None
    """What they are a part of, from `start` on."""
    start: int = 0

    @classmethod
    def of(cls, batch: Batch, outputs: Predictions) -> Answers:
        """Return what a model gave for `batch`.

        Raises AlgorithmFailed if the model broke its contract: shape, range or NaN.
        """
        checked = answers(batch.schema, outputs, len(batch))
        return cls(batch.schema, checked, len(batch), batch.keys)

    def __len__(self) -> int:
        return self.count

    def parts(self, sizes: Sequence[int]) -> Iterator[Answers]:
        """Give the answers to so many records after one another; without explanation and confidence."""
        start = 0
        for size in sizes:
            end = start + size
            outputs = _Some(self.outputs, start, end)
            keys = None if self.keys is None else self.keys[start:end]
            yield Answers(self.schema, outputs, size, keys, whole=self, start=start)
            start = end

    def rows(self) -> list[dict[str, Any]]:
        """Return one object per record: its key (if the schema has one), then each output.

        A category adds `<name>_probabilities` (value → 0..1), a boolean `<name>_probability`; an
        explanation is named so. Where it was asked how sure they are, a class adds `<name>_confidence`
        (0..1), a number `<name>_interval` (low and high).
        """
        return self._made(_dicts)

    def objects(self) -> list[Any]:
        """Return the same for who only encodes them: made several times as fast, for all parts at once."""
        if self.whole is not None:
            return self.whole.objects()[self.start : self.start + self.count]
        return self._objects

    @cached_property
    def _objects(self) -> list[Any]:
        return self._made(_structs)

    def _made(self, make: Make) -> list[Any]:
        members: dict[str, Sequence[Any]] = {}
        if self.keys is not None and self.schema.key is not None:
            members[self.schema.key] = self.keys
        sure = self.confidences or {}
        for name, answered in self.outputs.items():
            members |= _members(name, self.schema.output[name], answered, make)
            members |= _sure(name, sure[name], make) if name in sure else {}
        if self.contributions is not None:
            members["explanation"] = make(_columns(self.schema.features, self.contributions))
        return make(members)


Make = Callable[[Mapping[str, Sequence[Any]]], list[Any]]
"""Makes one object per record of members' values."""


def _dicts(members: Mapping[str, Sequence[Any]]) -> list[Any]:
    return [dict(zip(members, row, strict=True)) for row in zip(*members.values(), strict=True)]


def _structs(members: Mapping[str, Sequence[Any]]) -> list[Any]:
    return list(map(_struct(tuple(members)), *members.values()))


@lru_cache(maxsize=256)
def _struct(names: tuple[str, ...]) -> type[msgspec.Struct]:
    fields: list[Any] = [(f"m{at}", Any, msgspec.field(name=one)) for at, one in enumerate(names)]
    return msgspec.defstruct("Row", fields, gc=False)


def _columns(names: Sequence[str], values: NDArray[Any]) -> dict[str, list[Any]]:
    """Return name → its column of values, shape (n, names)."""
    return dict(zip(names, values.T.tolist(), strict=True))


Content = Answers | list[dict[str, Any]]
"""Answers in columns, or as rows where they have no common form."""


def in_rows(content: Content) -> list[dict[str, Any]]:
    """Return answers as rows, one per record."""
    return content.rows() if isinstance(content, Answers) else content


def in_turn(ours: Answers, theirs: Answers, sides: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Return the rows of two versions in the records' order; `sides` as in `joined`."""
    rows = (iter(ours.rows()), iter(theirs.rows()))
    return [next(rows[side]) for side in sides.tolist()]


def joined(ours: Answers, theirs: Answers, sides: NDArray[np.bool_]) -> Answers | None:
    """Return the answers of two versions in the records' order; None if they differ in form.

    `sides` tells for each record whether it is theirs, shape (n,).
    """
    if _form(ours) != _form(theirs):
        return None

    keys: list[Any] | None = None
    if ours.keys is not None and theirs.keys is not None:
        known = (iter(ours.keys), iter(theirs.keys))
        keys = [next(known[side]) for side in sides.tolist()]
    outputs = {name: _both(one, theirs.outputs[name], sides) for name, one in ours.outputs.items()}
    why = _interleaved(ours.contributions, theirs.contributions, sides)
    sure = None
    if ours.confidences is not None and theirs.confidences is not None:
        both = theirs.confidences
        sure = {
            name: _interleaved(one, both[name], sides) for name, one in ours.confidences.items()
        }
    return Answers(ours.schema, outputs, len(sides), keys, why, sure)


def _both(ours: Answered, theirs: Answered, sides: NDArray[np.bool_]) -> Answered:
    values = _interleaved(ours.values, theirs.values, sides)
    return Answered(values, _interleaved(ours.chances, theirs.chances, sides))


def _interleaved(ours: Any, theirs: Any, sides: NDArray[np.bool_]) -> Any:
    if ours is None:
        return None
    merged = np.empty((len(sides), *ours.shape[1:]), ours.dtype)
    merged[~sides], merged[sides] = ours, theirs
    return merged


def _form(answers: Answers) -> tuple[Any, ...]:
    """Return what two answers must share to stand in the same columns."""
    schema, explained = answers.schema, answers.contributions is not None
    chances = [one.chances is not None for one in answers.outputs.values()]
    features = schema.features if explained else None
    sure = None if answers.confidences is None else list(answers.confidences)
    return schema.key, list(schema.output.items()), chances, features, sure


def answers(schema: Schema, outputs: Predictions, rows: int) -> dict[str, Answered]:
    """Return output → what it says. Raises AlgorithmFailed as `Answers.of` does."""
    for name in schema.output:
        if name not in outputs:
            raise AlgorithmFailed(f"The model gave no output {name!r}.")
    return {
        name: _answered(name, field, np.asarray(outputs[name]), rows)
        for name, field in schema.output.items()
    }


def _members(name: str, field: Field, answered: Answered, make: Make) -> dict[str, list[Any]]:
    """Return the members that an output has in a row, with their values."""
    values, chances = answered.values.tolist(), answered.chances
    if field.type is FieldType.CATEGORY:
        values = [field.values[code] for code in values]
    if chances is None:
        return {name: values}
    if field.type is FieldType.BOOLEAN:
        return {name: values, f"{name}_probability": chances.tolist()}
    labels = [str(value) for value in field.values]
    return {name: values, f"{name}_probabilities": make(_columns(labels, chances))}


def _sure(name: str, confidence: NDArray[np.float64], make: Make) -> dict[str, list[Any]]:
    """Return the members that tell how sure an output is."""
    if confidence.ndim == 1:
        return {f"{name}_confidence": confidence.tolist()}
    return {f"{name}_interval": make(_columns(("low", "high"), confidence))}


def _answered(name: str, field: Field, column: NDArray[Any], rows: int) -> Answered:
    if column.shape[:1] != (rows,):
        raise AlgorithmFailed(f"Output {name!r} has shape {column.shape} for {rows} records.")
    if column.dtype.kind not in "biuf":
        raise AlgorithmFailed(f"Output {name!r} holds {column.dtype}, not numbers.")
    if field.type is FieldType.CATEGORY:
        return _category(name, field, column)
    if column.ndim != 1:
        _check_finite(name, column)
        raise AlgorithmFailed(f"Output {name!r} has shape {column.shape}, not ({rows},).")
    if field.type is FieldType.BOOLEAN:
        _check_chances(name, column)
        chance = _rounded(column)
        return Answered(chance >= 0.5, chance)  # noqa: PLR2004 - more likely than not
    _check_finite(name, column)
    if field.type is FieldType.INTEGER:
        if len(column) and np.abs(column).max() > MAX_EXACT_INTEGER:
            raise AlgorithmFailed(f"Output {name!r} holds a whole number beyond 2^53.")
        return Answered(np.rint(column).astype(np.int64))
    return Answered(column.astype(np.float64))


def _category(name: str, field: Field, column: NDArray[Any]) -> Answered:
    values = field.values
    if column.ndim == 1:
        _check_finite(name, column)
        codes = column.astype(np.int64)
        if not ((codes == column) & (codes >= 0) & (codes < len(values))).all():
            raise AlgorithmFailed(f"Output {name!r} holds what is no index into its values.")
        return Answered(codes)
    if column.shape[1:] != (len(values),):
        _check_finite(name, column)
        raise AlgorithmFailed(f"Output {name!r} has shape {column.shape}, values {len(values)}.")
    _check_chances(name, column)
    if not (np.abs(column.sum(axis=1) - 1) <= TOLERANCE).all():
        raise AlgorithmFailed(f"Output {name!r} has probabilities that do not sum to 1.")
    return Answered(column.argmax(axis=1), _rounded(column))


def _rounded(column: NDArray[Any]) -> NDArray[np.float64]:
    rounded: NDArray[Any] = column.astype(np.float64).round(DIGITS)
    return rounded


def _check_finite(name: str, column: NDArray[Any]) -> None:
    if not np.isfinite(column).all():
        raise AlgorithmFailed(f"Output {name!r} holds NaN or infinity.")


def _check_chances(name: str, column: NDArray[Any]) -> None:
    if len(column) and not (column.min() >= -TOLERANCE and column.max() <= 1 + TOLERANCE):
        _check_finite(name, column)
        raise AlgorithmFailed(f"Output {name!r} holds a probability outside 0..1.")
