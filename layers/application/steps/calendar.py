"""`features: calendar`: where a moment stands in its day, week and year, as points on circles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import Field, FieldType, InvalidConfiguration, Items, Parameters, Step, StepContext
from minerva.errors import Fault
from minerva.step import Columns, Fields

Part = Literal["hour", "weekday", "day_of_year"]
Moments = NDArray[np.float64]
QUARTER_S = 900
"""Clocks are put forward and back at full quarters of an hour."""
DAY_S = 86_400
FIRST_MONDAY = 4
"""Days after 1970-01-01, a Thursday."""
DAYS_OF_YEAR = 365.2425
EARLIEST, LATEST = -62_135_510_400, 253_402_214_400
"""Moments of the years 1 to 9999, less a day, whose clock every time zone can tell."""


class CalendarParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `calendar`."""

    parts: Annotated[
        tuple[Part, ...],
        msgspec.Meta(min_length=1, description="Circles: of the day, the week and the year"),
    ] = ("hour", "weekday", "day_of_year")
    timezone: Annotated[
        str, msgspec.Meta(description="Whose clock and calendar count, such as `Europe/Berlin`")
    ] = "UTC"


class Calendar(Step):
    """PART_sin and PART_cos: what is near in the day, the week or the year is near here too."""

    name = "calendar"
    role = "features"
    Parameters = CalendarParameters
    inputs = {"at": ("timestamp",)}  # noqa: RUF012 - read only, as the contract says

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return two numbers, -1 to 1, for each part. Raises InvalidConfiguration for no time zone."""
        try:
            ZoneInfo(parameters.timezone)
        except (KeyError, OSError, ValueError) as error:
            fault = Fault("/parameters/timezone", "is no time zone such as Europe/Berlin")
            raise InvalidConfiguration("The calendar is unknown.", faults=[fault]) from error
        field = Field(type=FieldType.NUMBER, minimum=-1, maximum=1, nullable=inputs["at"].nullable)
        return {f"{part}_{wave}": field for part in parameters.parts for wave in ("sin", "cos")}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return sines and cosines, shape (n,) each; NaN where the moment is missing."""
        at = np.asarray(items["at"], np.float64)
        missing = np.isnan(at)
        local = _local(np.where(missing, 0.0, at), ZoneInfo(context.parameters.timezone))
        made: dict[str, Any] = {}
        for part in context.parameters.parts:
            angle = np.where(missing, np.nan, 2 * np.pi * _turn(local, part))
            made |= {f"{part}_sin": np.sin(angle), f"{part}_cos": np.cos(angle)}
        return made


def _local(at: Moments, zone: ZoneInfo) -> Moments:
    """Return seconds since 1970 by the clock of a time zone."""
    quarters, places = np.unique(
        np.floor(np.clip(at, EARLIEST, LATEST) / QUARTER_S), return_inverse=True
    )
    moments = [datetime.fromtimestamp(one * QUARTER_S, UTC).astimezone(zone) for one in quarters]
    ahead = np.array([(one.utcoffset() or timedelta()).total_seconds() for one in moments])
    return np.asarray(at + ahead[places]) if len(at) else at


def _turn(local: Moments, part: Part) -> Moments:
    """Return how far a circle has turned, 0 to 1."""
    days: Moments = np.floor(local / DAY_S)
    if part == "hour":
        return np.asarray(local / DAY_S - days)
    if part == "weekday":
        return np.asarray((days - FIRST_MONDAY) % 7 / 7)
    dates = days.astype("int64").astype("datetime64[D]")
    return np.asarray((dates - dates.astype("datetime64[Y]")).astype(np.float64) / DAYS_OF_YEAR)
