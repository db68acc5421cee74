"""`collect: incidents`: recorded events from a CSV file of the workspace, each with type, time, place."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from msgspec import Meta

from minerva import Field, FieldType, Items, Parameters, Step, StepContext, hookimpl
from minerva.errors import Fault, InvalidData
from minerva.step import Columns, Fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

COLUMNS = ("type", "time", "lon", "lat")
FAULTS_TOLD = 10
HEAD = 2
"""The line of the first event: lines count from 1, and the first one names the columns."""


class IncidentsParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `incidents`."""

    path: Annotated[str, Meta(min_length=1, description="CSV file in the workspace")]
    types: Annotated[
        tuple[str, ...], Meta(description="Types of events that count; empty: all")
    ] = ()
    ahead_hours: Annotated[
        float,
        Meta(ge=0, le=8784, description="How long after the last known event a forecast may begin"),
    ] = 24.0


class Incidents(Step):
    """All known events, in order of time, as one array in the volume that every row names.

    Shape (n, 3): seconds since 1970, longitude, latitude. The steps that use it take of it what was
    before a row's `start`; a start that later events would have to be known for fails by itself.
    """

    name = "incidents"
    role = "collect"
    Parameters = IncidentsParameters
    inputs = {"start": ("timestamp",)}  # noqa: RUF012 - read only, as the contract says
    batch = 100_000
    outside = True

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the file's name in the volume."""
        del inputs, parameters
        return {"events": Field(type=FieldType.TEXT)}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Read the file. Raises InvalidData, with the lines, for an event without a place or a time."""
        import io

        wanted: IncidentsParameters = context.parameters
        events = read_events(context.workspace, wanted.path, wanted.types, now=time.time())
        last = float(events[-1, 0])
        for row in np.flatnonzero(items["start"] > last + wanted.ahead_hours * 3600):
            context.fail(int(row), f"Events are known until {_moment(last)}, too early for this.")
        written = io.BytesIO()
        np.save(written, events, allow_pickle=False)
        name = context.volume.write("events.npy", written.getvalue())
        return {"events": np.full(len(items), name, dtype=object)}


def read_events(workspace: Path, path: str, types: tuple[str, ...], now: float) -> Any:
    """Return events in order of time, shape (n, 3). Raises InvalidData for what is none."""
    import pandas as pd

    file = (workspace / path).resolve()
    if not file.is_relative_to(workspace.resolve()):
        raise InvalidData(f"{path} does not lie in the workspace.")
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise InvalidData(f"There is no file {path} in the workspace.") from error
    except (ValueError, OSError) as error:
        raise InvalidData(f"{path} cannot be read as a CSV file.") from error
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise InvalidData(f"{path} has no column {missing[0]}; events have {', '.join(COLUMNS)}.")
    kept = table[table["type"].isin(types)] if types else table
    events = _numbers(kept)
    _refuse(kept, events, path, now)
    if not len(events):
        raise InvalidData(f"{path} holds no events of the types that count.")
    return events[np.argsort(events[:, 0], kind="stable")]


def _numbers(table: pd.DataFrame) -> Any:
    import pandas as pd

    at = pd.to_datetime(table["time"], utc=True, errors="coerce", format="ISO8601")
    began = pd.Timestamp(0, tz="UTC").as_unit("us")  # in ns the year 2999 would overflow
    seconds = (at.dt.as_unit("us") - began).dt.total_seconds()
    places = (pd.to_numeric(table[name], errors="coerce") for name in ("lon", "lat"))
    return np.column_stack([seconds, *places]).astype(np.float64)


def _refuse(table: pd.DataFrame, events: Any, path: str, now: float) -> None:
    seconds, longitude, latitude = events.T
    east, north = 180, 90
    placed = (np.abs(longitude) <= east) & (np.abs(latitude) <= north)
    wrong = {
        "has no place: lon and lat are to be degrees": ~placed,
        "has no time in ISO 8601": np.isnan(seconds),
        "lies in the future": seconds > now,
    }
    faults = [
        Fault(f"{path}:{int(table.index[row]) + HEAD}", f"the event {reason}")
        for reason, rows in wrong.items()
        for row in np.flatnonzero(rows)[:FAULTS_TOLD]
    ]
    if faults:
        raise InvalidData(f"{path} holds events that cannot be used.", faults=faults)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@hookimpl
def minerva_steps() -> Iterable[Step]:
    """Bring the step."""
    return [Incidents()]
