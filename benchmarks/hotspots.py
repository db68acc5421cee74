"""How many later events forecasts of places meet: the flow of examples/policing beside simple ones.

Run: python benchmarks/hotspots.py
Made cities, recorded evenly and with a bias, and real earthquakes; learnt from the months before.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from policing.fairness import District
    from policing.findings import Findings
    from policing.judging import Floats, Score
    from policing.study import Study

    Table = Sequence[tuple[str, Sequence[Score]]]

CITIES = 5
"""Each drawn by lot: one says little of the next."""
LOOPS = 20
EXAMPLES = Path(__file__).parents[1] / "examples"
SCORES = (
    "| forecast | met at 5 % of the area | at 10 % | at 20 % | PAI at 5 % | at 10 % | at 20 % |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)
DISTRICTS = (
    "| records | district | happens | recorded | expected | expected / happens | of its area flagged |\n"
    "|---|---|---:|---:|---:|---:|---:|"
)


def main() -> None:
    """Print the tables."""
    sys.path.append(str(EXAMPLES))
    from policing.findings import city_found, earthquakes_found

    cities = [city_found(_timed, seed) for seed in range(CITIES)]
    even = [one.even for one in cities]
    print(f"\n{CITIES} cities, {sum(one.recorded.sum() for one in even):,.0f} events\n\n{SCORES}")
    print("\n".join(_scores([one.table() for one in even])))
    print("\n".join(["", *map(_gained, even)]))
    quakes = earthquakes_found(_timed)
    print(f"\nEarthquakes, {quakes.recorded.sum():,.0f} events\n\n{SCORES}")
    print("\n".join([*_scores([quakes.table()]), "", _gained(quakes)]))
    print(f"\nDistricts, events in eight hours, a tenth of the area flagged\n\n{DISTRICTS}")
    for records in ("even", "biased"):
        told = [city.districts(getattr(city, records)) for city in cities]
        print("\n".join(_district(records, one) for one in zip(*told, strict=True)))
    for records in ("even", "biased"):
        found = [getattr(city, records) for city in cities]
        pai = mean(one.table()[0][1][1].pai for one in found)
        pairs = zip(cities, found, strict=True)
        met = mean(city.truly(one).hit_rate for city, one in pairs)
        print(
            f"{records}: PAI {pai:.2f} of what is recorded, {100 * met:.1f} % met of what happens"
        )
    _tell_loop()


def _tell_loop() -> None:
    from policing.fairness import feedback
    from policing.findings import FLAGGED

    rounds = feedback(range(LOOPS), FLAGGED)
    for one in (rounds[0], rounds[-1]):
        parts = ", ".join(f"{name} {100 * part:.1f} %" for name, part in one.patrolled.items())
        print(f"Patrols after the bias, day {one.day}: {parts}")


def _timed(study: Study, events: pd.DataFrame) -> Floats:
    from policing.forecasting import forecast

    began = time.perf_counter()
    told = forecast(study, events)
    print(
        f"{study.flow}: {told.size:,} forecasts, {time.perf_counter() - began:.1f} s with learning"
    )
    return told


def _scores(tables: Sequence[Table]) -> list[str]:
    """Return a row for each forecast: the mean of the tables."""
    rows = []
    for same in zip(*tables, strict=True):
        by_share = list(zip(*(told for _, told in same), strict=True))
        met = [f"{100 * mean(one.hit_rate for one in each):.1f} %" for each in by_share]
        pai = [f"{mean(one.pai for one in each):.2f}" for each in by_share]
        rows.append(f"| {' | '.join([same[0][0], *met, *pai])} |")
    return rows


def _gained(found: Findings) -> str:
    other = found.best_other()
    told = found.gained(other)
    return (
        f"At 10 %, the flow beside {other}: {100 * told.mean:+.1f} points, 90 % interval "
        f"{100 * told.low:+.1f} to {100 * told.high:+.1f}"
    )


def _district(records: str, same: Sequence[District]) -> str:
    happens, seen, expected, ratio, flagged = (
        mean(getattr(one, name) for one in same)
        for name in ("happened", "seen", "expected", "calibration", "flagged")
    )
    return (
        f"| {records} | {same[0].name} | {happens:.2f} | {100 * seen:.0f} % | {expected:.2f} "
        f"| {ratio:.2f} | {100 * flagged:.1f} % |"
    )


if __name__ == "__main__":
    main()
