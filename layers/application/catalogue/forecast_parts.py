"""What all forecasters ask of a service and its rows: time, series, outputs, scale."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import Batch, Context, FieldType, InvalidConfiguration, InvalidData, Parameters
from minerva.errors import Fault
from minerva.layers.application.catalogue.beside import names, part
from minerva.layers.application.catalogue.features import Matrix

WITH_INTERVAL = 3
FEWEST = 10


class SeasonalParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of all forecasters: time, trend, seasons and the interval."""

    time: Annotated[str, Meta(description="Input that tells the time")]
    series: Annotated[
        str | None, Meta(description="Input that tells series apart; none: there is one")
    ] = None
    seasons: Annotated[
        tuple[float, ...],
        Meta(
            max_length=6,
            description="Seasons in the time's unit, seconds of moments; none: measured",
        ),
    ] = ()
    waves: Annotated[int, Meta(ge=0, le=50, description="Most waves of each season")] = 6
    trend: Annotated[bool, Meta(description="Whether a straight trend goes on")] = True
    scale: Annotated[
        Literal["plain", "log"],
        Meta(description="log: what grows grows by shares; the output must be above 0"),
    ] = "plain"
    recent: Annotated[
        float,
        Meta(
            gt=0, le=100, description="Share of the history before which a row counts half as much"
        ),
    ] = 0.5
    horizon: Annotated[
        int, Meta(ge=1, le=10_000, description="Steps ahead for which what was last still counts")
    ] = 200
    penalty: Annotated[
        float,
        Meta(gt=0, le=1e9, description="How strongly a series is held to what all have in common"),
    ] = 1.0
    level: Annotated[
        float, Meta(gt=0, lt=1, description="Share of the truth that lies in the interval")
    ] = 0.9


def series_of(batch: Batch, context: Context) -> NDArray[np.str_]:
    """Return each row's series, "" for all if there is one."""
    field = context.parameters.series
    return np.full(len(batch), "") if field is None else names(batch, field)


def moments(batch: Batch, context: Context) -> Matrix:
    """Return the times. Raises InvalidData where one is missing, or there are too few."""
    field = part(context, "time")
    times = np.asarray(batch[field], np.float64)
    if not np.isfinite(times).all():
        row = int(np.flatnonzero(~np.isfinite(times))[0]) + 1
        raise InvalidData(
            "The training data cannot be learnt from: some rows do not tell their time.",
            faults=[Fault(f'column "{field}", row {row}', "is empty")],
        )
    if len(np.unique(times)) < FEWEST:
        raise InvalidData(
            f"The training data is of {len(np.unique(times))} moments; at least {FEWEST} are needed."
        )
    return times


def check(context: Context) -> None:
    """Raise InvalidConfiguration for outputs that are not one number or three, or parts nobody plays."""
    time = parts(context)[0]
    if context.schema.inputs[time].type in {FieldType.TEXT, FieldType.CATEGORY}:
        raise InvalidConfiguration(
            "The time is a timestamp or a number.",
            faults=[Fault("/parameters/time", f"{time!r} has no order in time")],
        )
    kinds = [field.type for field in context.schema.output.values()]
    if len(kinds) not in {1, WITH_INTERVAL} or not set(kinds) <= {
        FieldType.NUMBER,
        FieldType.INTEGER,
    }:
        raise InvalidConfiguration(
            "A forecast is a number, or three: the number, and the bounds of its interval.",
            faults=[Fault("/schema/output", "is to be one number or three")],
        )


def parts(context: Context) -> list[str]:
    series = [] if context.parameters.series is None else [part(context, "series")]
    return [part(context, "time"), *series]


def scaled(truth: Matrix, context: Context) -> Matrix:
    if context.parameters.scale == "plain":
        return truth
    if truth.min() <= 0:
        row = int(np.flatnonzero(truth <= 0)[0]) + 1
        name = context.schema.target()[0]
        raise InvalidData(
            "On the scale log every value must be above 0: choose scale plain.",
            faults=[Fault(f'column "{name}", row {row}', "is not above 0")],
        )
    return np.asarray(np.log(truth))
