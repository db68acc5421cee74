"""A window's rows beside the training rows: how far apart, whether by chance, what is missing or new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.layers.abstraction.drift.profile import FieldProfile, category_table, number_places
from minerva.layers.abstraction.drift.psi import expected_shares, indices
from minerva.layers.abstraction.drift.significance import Difference, chi_square, ks
from minerva.schema import Field, FieldType
from minerva.schema.batch import Column

LEAST_ROWS = 50
"""Fewer rows are too few to say anything."""
ALARMS_A_DAY = 0.01
"""How often undisturbed data may look drifted by chance."""


class Verdict(StrEnum):
    """What is to be thought of a field."""

    STEADY = "steady"
    DRIFTED = "drifted"
    TOO_FEW = "too few rows"


@dataclass(frozen=True)
class Compared:
    """One field in one window."""

    name: str
    rows: int
    psi: float
    test: Difference
    """The less likely one of those that were made; its `p` is corrected for all that were."""
    missing: float
    """Share of the window's rows."""
    missing_trained: float
    unseen: float
    """Share of the window's values that are beyond those of the training, or another category."""
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        """Return what a caller may see."""
        return {
            "name": self.name,
            "psi": round(self.psi, 4),
            "test": self.test.name,
            "statistic": round(self.test.statistic, 4),
            "p": float(f"{self.test.p:.3g}"),
            "missing": round(self.missing, 4),
            "missing_trained": round(self.missing_trained, 4),
            "unseen": round(self.unseen, 4),
            "verdict": self.verdict.value,
        }


@dataclass(frozen=True, eq=False)
class Seen:
    """One field's values in a window beside how it was in training."""

    profile: FieldProfile
    field: Field
    column: Column


def compare(seen: Sequence[Seen], threshold: float, alarms: float) -> list[Compared]:
    """Compare all fields of a window.

    A field has drifted if its stability index is above the threshold and its difference is beyond
    chance: `alarms` is the chance that any of them looks so without being so (Bonferroni).
    """
    tests = [_tests(one) for one in seen]
    count = max(1, sum(map(len, tests)))
    return [
        _compared(one, own, count, threshold, alarms) for one, own in zip(seen, tests, strict=True)
    ]


def _compared(
    seen: Seen, tests: Sequence[Difference], count: int, threshold: float, alarms: float
) -> Compared:
    counts = _counts(seen)
    rows, trained = len(seen.column), np.array(seen.profile.counts)
    least = min(tests, key=lambda test: test.p)
    corrected = Difference(least.name, least.statistic, min(1.0, least.p * count))
    starts = np.zeros(1, dtype=np.intp)
    psi = float(indices(counts, max(rows, 1), expected_shares(trained), starts)[0]) if rows else 0.0
    drifted = psi > threshold > 0 and corrected.p < alarms
    verdict = Verdict.DRIFTED if drifted else Verdict.STEADY
    return Compared(
        name=seen.profile.name,
        rows=rows,
        psi=psi,
        test=corrected,
        missing=_share(counts[-1], rows),
        missing_trained=_share(trained[-1], trained.sum()),
        unseen=_unseen(seen),
        verdict=verdict if rows >= LEAST_ROWS else Verdict.TOO_FEW,
    )


def _tests(seen: Seen) -> list[Difference]:
    """Make one test of a field's bins; of numbers one of the values, and one of how many are missing."""
    counts, trained = _counts(seen), np.array(seen.profile.counts)
    if not _is_number(seen.field):
        return [chi_square(counts, trained)]
    knots, below = _distribution(seen.profile)
    present = seen.column[~np.isnan(seen.column)]
    gaps = chi_square(_gaps(counts), _gaps(trained))
    return [ks(present, knots, below, int(trained[:-1].sum())), gaps]


def _is_number(field: Field) -> bool:
    return field.type not in {FieldType.CATEGORY, FieldType.BOOLEAN}


def _counts(seen: Seen) -> NDArray[np.intp]:
    profile = seen.profile
    if profile.codes is not None:
        codes = np.array(profile.codes, dtype=np.intp)
        places = category_table(codes, len(seen.field.values))[seen.column]
    else:
        places = number_places(seen.column, np.array(profile.edges or (), dtype=np.float64))
    return np.bincount(places, minlength=len(profile.counts))


def _distribution(profile: FieldProfile) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return knots and how many training rows were at most each; a profile may know its edges only."""
    if profile.knots is not None and profile.below is not None:
        return np.array(profile.knots, dtype=np.float64), np.array(profile.below)
    edges = np.array(profile.edges or (), dtype=np.float64)
    return edges, np.cumsum(profile.counts)[: len(edges)]


def _gaps(counts: NDArray[Any]) -> NDArray[Any]:
    return np.array([counts[:-1].sum(), counts[-1]])


def _unseen(seen: Seen) -> float:
    known = seen.profile.seen
    if seen.profile.codes is not None:
        present = seen.column[seen.column >= 0]
        new = 0 if known is None else int((~np.isin(present, known)).sum())
    else:
        present = seen.column[~np.isnan(seen.column)]
        new = int(((present < known[0]) | (present > known[1])).sum()) if known else 0
    return _share(new, len(present))


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
