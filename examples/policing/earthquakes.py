"""Write real events: 596 earthquakes between Borneo and New Guinea, April to July 2024.

Run: PYTHONPATH=examples python -m policing.earthquakes [FOLDER]
The data is hvsampledata/earthquakes (extra `demo`, BSD licence), from the public catalogue of the U.S.
Geological Survey: magnitude 4 and more, up to 10° from the equator.
"""

from __future__ import annotations

import sys
from pathlib import Path

import hvsampledata
import pandas as pd

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    """Write earthquakes.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    known = table()
    known.to_csv(folder / "earthquakes.csv", index=False)
    print(f"{len(known):,} earthquakes in {folder / 'earthquakes.csv'}")


def table() -> pd.DataFrame:
    """Return type (how deep), time and place, in order of time."""
    raw = hvsampledata.earthquakes("pandas").sort_values("time")
    at = pd.to_datetime(raw["time"])
    return pd.DataFrame(
        {
            "type": raw["depth_class"],
            "time": at.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "lon": raw["lon"],
            "lat": raw["lat"],
        }
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data")
