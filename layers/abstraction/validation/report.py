"""What can be seen of training data before anything is learnt from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from minerva.algorithm import TrainingData
from minerva.layers.abstraction.drift.bins import Bins
from minerva.layers.abstraction.drift.profile import MOST_ROWS, evenly
from minerva.layers.abstraction.drift.psi import chance, indices
from minerva.schema import FieldType
from minerva.schema.batch import Column

DIGITS = 4
MOST_CLASSES = 1000


@dataclass(frozen=True)
class DataReport:
    """Shares are in 0..1."""

    rows: int
    duplicates: int
    """Rows that are equal to an earlier one: key, where there is one, inputs and truth."""
    missing: Mapping[str, float]
    """Used input → share of the rows without it; without those that are never missing."""
    constant: tuple[str, ...]
    """Used inputs that have one value in all rows."""
    classes: Mapping[str, float] = field(default_factory=dict)
    """Value of a category, or no and yes → share of the rows whose truth it is."""
    drift: Mapping[str, float] = field(default_factory=dict)
    """Used input → stability index against the rows that the champion learnt from, where it is more
    than chance explains."""

    def facts(self) -> dict[str, Any]:
        """Return what is true of the rows alone, whatever the champion learnt from."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        del plain["drift"]
        return {**plain, "constant": list(self.constant)}

    @property
    def duplicate_share(self) -> float:
        """The part of the rows that says what another one says."""
        return self.duplicates / self.rows if self.rows else 0.0


def look(data: TrainingData, before: Bins | None) -> DataReport:
    """Return what is seen; `before` are the bins of the champion's rows, of the same schema."""
    columns = data.inputs.columns
    shares = {name: float(_missing(one).mean()) for name, one in columns.items()}
    return DataReport(
        rows=len(data),
        duplicates=_duplicates(data),
        missing={name: round(share, DIGITS) for name, share in shares.items() if share},
        constant=tuple(name for name, one in columns.items() if not shares[name] and _same(one)),
        classes=_classes(data),
        drift={} if before is None else _drift(data, before),
    )


def _missing(column: Column) -> Column:
    if column.dtype == object:
        return np.array([value is None for value in column], dtype=bool)
    if np.issubdtype(column.dtype, np.integer):
        return np.asarray(column < 0)
    return np.asarray(np.isnan(column).reshape(len(column), -1).any(axis=1))


def _same(column: Column) -> bool:
    return len(column) > 1 and bool(np.all(column == column[0]))


def _duplicates(data: TrainingData) -> int:
    import pandas as pd

    columns = [*data.inputs.columns.values(), *data.targets.values()]
    if any(column.ndim > 1 for column in columns):
        return 0  # vectors and images: what is equal there is rarely the same
    table = pd.DataFrame(dict(enumerate(columns)))
    if data.inputs.keys is not None:  # who have different keys may well be alike
        table["key"] = [str(key) for key in data.inputs.keys]
    return int(table.duplicated().sum())


def _classes(data: TrainingData) -> dict[str, float]:
    name, target = data.inputs.schema.target()
    if name not in data.targets:
        return {}  # nobody tells the truth
    truth = data.target()
    if target.type is FieldType.BOOLEAN:
        names: tuple[str, ...] = ("no", "yes")
    elif target.type is FieldType.CATEGORY and len(target.values) <= MOST_CLASSES:
        names = tuple(map(str, target.values))
    else:
        return {}
    codes = truth[np.isfinite(truth)].astype(np.int64)
    codes = codes[codes >= 0]
    shares = np.bincount(codes, minlength=len(names)) / max(1, len(codes))
    return dict(zip(names, shares.round(DIGITS).tolist(), strict=True))


def _drift(data: TrainingData, before: Bins) -> dict[str, float]:
    rows = evenly(data.inputs, MOST_ROWS)
    values = indices(before.count([rows]), len(rows), before.expected, before.starts)
    limits = chance(before.sizes, len(rows), before.trained)
    told = zip(before.names, values.tolist(), limits.tolist(), strict=True)
    return {name: round(value, DIGITS) for name, value, limit in told if value > limit}
