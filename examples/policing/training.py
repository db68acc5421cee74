"""Write what the flows learn from: the events, and how many came in each cell of past intervals.

Run: PYTHONPATH=examples python -m policing.training [--biased] [FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd

from policing import city, earthquakes
from policing.study import CITY, EARTHQUAKES, HERE, Study


def write(folder: Path, study: Study, events: pd.DataFrame, name: str, training: str) -> int:
    """Write events and training rows of one flow; return how many rows there are."""
    folder.mkdir(parents=True, exist_ok=True)
    events.to_csv(folder / name, index=False)
    rows = study.training(events)
    rows.to_csv(folder / training, index=False)
    return len(rows)


def write_city(folder: Path, *, biased: bool = False) -> int:
    """Write the city's, as it is recorded evenly or with a bias."""
    known = city.recorded(city.happened(), city.BIASED if biased else city.EVEN)
    return write(folder, CITY, known.table(), "events.csv", "training.csv")


def write_earthquakes(folder: Path) -> int:
    """Write the real ones."""
    known = earthquakes.table()
    return write(folder, EARTHQUAKES, known, "earthquakes.csv", "earthquakes-training.csv")


def main() -> None:
    """Write all."""
    parser = argparse.ArgumentParser(description="Write what the flows learn from.")
    parser.add_argument("--biased", action="store_true", help="patrols see more in one district")
    parser.add_argument("folder", nargs="?", type=Path, default=HERE / "data")
    told = parser.parse_args()
    print(f"{write_city(told.folder, biased=told.biased):,} rows in {told.folder / 'training.csv'}")
    rows = write_earthquakes(told.folder)
    print(f"{rows:,} rows in {told.folder / 'earthquakes-training.csv'}")


if __name__ == "__main__":
    main()
