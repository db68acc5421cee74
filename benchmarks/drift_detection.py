"""How often undisturbed data raises an alarm, and how soon a shifted field does.

Run: python benchmarks/drift_detection.py [DAYS]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from minerva.layers.abstraction.drift.comparison import Seen
    from minerva.layers.abstraction.drift.profile import FieldProfile

FIELDS = 30
TRAINED = 5000
JUDGED_ROWS = 500
A_DAY = 288
"""A service is judged every five minutes."""
TRIALS = 100
STEP = 10
SHIFT = 1.0
"""In standard deviations."""
BLOCKS_A_DAY = 10_000
"""The watch within a process judges each hundred rows: those of a million in a day."""
THRESHOLD = 0.2

Generator = np.random.Generator
Column = NDArray[np.float64]


def main(days: int) -> None:
    """Measure both ways of watching, and print them."""
    from minerva.layers.abstraction.drift.comparison import ALARMS_A_DAY

    began = time.perf_counter()
    generator = np.random.default_rng(7)
    print(f"{FIELDS} fields, {TRAINED:,} training rows, undisturbed data:")
    alarmed, judged, spent = _false_alarms(generator, days, ALARMS_A_DAY / A_DAY)
    print(
        f"  records: {alarmed} of {days} days with an alarm ({A_DAY} judgements of {JUDGED_ROWS} rows)"
    )
    noticed = _false_notices(generator, days)
    print(
        f"  in process: {noticed} of {days} days with a notice ({BLOCKS_A_DAY:,} judgements of 400 rows)"
    )
    print(f"  one judgement of {FIELDS} fields takes {spent / judged * 1000:.1f} ms\n")
    print(
        f"one field shifts by {SHIFT:g} standard deviation; rows until it is found, {TRIALS} trials:"
    )
    for name, kind in KINDS.items():
        found = [_rows_until_found(generator, kind, ALARMS_A_DAY / A_DAY) for _ in range(TRIALS)]
        p50, p99 = np.percentile(found, [50, 99])
        print(
            f"  {name:12} median {p50:4.0f}   99 % within {p99:4.0f}   all within {max(found):4d}"
        )
    print(f"\n({time.perf_counter() - began:.0f} s)")


KINDS: dict[str, Callable[[Generator, int], Column]] = {
    "normal": lambda generator, rows: generator.normal(size=rows),
    "skewed": lambda generator, rows: generator.lognormal(sigma=0.5, size=rows),
    "counts": lambda generator, rows: generator.poisson(4, rows).astype(float),
}


def _false_alarms(generator: Generator, days: int, alarms: float) -> tuple[int, int, float]:
    from minerva.layers.abstraction.drift.comparison import Verdict, compare

    makers = [*KINDS.values()] * (FIELDS // len(KINDS))
    profiles = [_profile(make(generator, TRAINED)) for make in makers]
    alarmed, judged, spent = 0, 0, 0.0
    for _ in range(days):
        raised = False
        for _ in range(A_DAY):
            seen = [
                _seen(profile, make(generator, JUDGED_ROWS))
                for profile, make in zip(profiles, makers, strict=True)
            ]
            began = time.perf_counter()
            found = compare(seen, THRESHOLD, alarms)
            spent += time.perf_counter() - began
            judged += 1
            raised |= any(one.verdict is Verdict.DRIFTED for one in found)
        alarmed += raised
    return alarmed, judged, spent


def _false_notices(generator: Generator, days: int) -> int:
    """Draw the windows' counts at once: that is all the watch looks at."""
    from minerva.layers.abstraction.drift.psi import chance, expected_shares, indices
    from minerva.layers.abstraction.drift.watch import WINDOW_ROWS

    trained = np.array(_profile(generator.normal(size=TRAINED)).counts)
    expected = expected_shares(trained)
    limit = max(THRESHOLD, float(chance(np.array([len(trained)]), WINDOW_ROWS, TRAINED)[0]))
    starts = np.arange(FIELDS) * len(trained)
    noticed = 0
    for counts in _days(generator, days, expected):
        windows = counts.reshape(BLOCKS_A_DAY, -1)
        raised = [
            indices(one, WINDOW_ROWS, np.tile(expected, FIELDS), starts).max() for one in windows
        ]
        noticed += max(raised) > limit
    return noticed


def _days(generator: Generator, days: int, expected: Column) -> Iterator[NDArray[np.int64]]:
    from minerva.layers.abstraction.drift.watch import WINDOW_ROWS

    for _ in range(days):
        yield generator.multinomial(WINDOW_ROWS, expected, size=(BLOCKS_A_DAY, FIELDS))


def _rows_until_found(generator: Generator, make: Callable[..., Column], alarms: float) -> int:
    """Let shifted rows take the place of usual ones, a few at a time, among fields that stay."""
    from minerva.layers.abstraction.drift.comparison import Verdict, compare

    trained = make(generator, TRAINED)
    profile, shift = _profile(trained), SHIFT * float(trained.std())
    window, shifted = make(generator, JUDGED_ROWS), make(generator, JUDGED_ROWS) + shift
    others = [_seen(profile, make(generator, JUDGED_ROWS)) for _ in range(FIELDS - 1)]
    for rows in range(STEP, JUDGED_ROWS + 1, STEP):
        newest = np.concatenate([window[rows:], shifted[:rows]])
        found = compare([_seen(profile, newest), *others], THRESHOLD, alarms)
        if found[0].verdict is Verdict.DRIFTED:
            return rows
    return 10**6


def _profile(trained: Column) -> FieldProfile:
    from minerva.layers.abstraction.drift.profile import field_profile
    from minerva.schema import Field, FieldType

    return field_profile("x", Field(type=FieldType.NUMBER), trained)


def _seen(profile: FieldProfile, column: Column) -> Seen:
    from minerva.layers.abstraction.drift.comparison import Seen
    from minerva.schema import Field, FieldType

    return Seen(profile, Field(type=FieldType.NUMBER), column)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
