"""`features: density`: how closely events lie around a place, the more so the nearer in space and time."""

from __future__ import annotations

import math
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from minerva import Field, FieldType, Items, Parameters, Step, StepContext
from minerva.layers.application.places import Floats, heights, on_earth
from minerva.layers.application.steps.volume_arrays import by_array
from minerva.layers.application.steps.whole import refuse_nullable
from minerva.step import Columns, Fields

DAY = 86_400.0


class DensityParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `density`."""

    width_km: Annotated[float, Meta(gt=0, le=5000, description="Of the hill above an event")]
    half_life_days: Annotated[
        float, Meta(gt=0, le=36_500, description="After so many days an event counts half")
    ]


class Density(Step):
    """Events per km² and day at a place, of those before a time only.

    A Gaussian kernel in space times an exponential one in time: the prospective mapping of Bowers,
    Johnson and Pease (2004) with smooth kernels. `events` is as `cells` takes them, in order of time.
    """

    name = "density"
    role = "features"
    Parameters = DensityParameters
    inputs = {  # noqa: RUF012 - read only, as the contract says
        "events": ("text",),
        "longitude": ("number",),
        "latitude": ("number",),
        "start": ("timestamp",),
    }
    batch = 100_000

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return one number."""
        del parameters
        refuse_nullable(inputs)
        return {"density": Field(type=FieldType.NUMBER, unit="1/km²/day", minimum=0)}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return the density at each row's place and time."""
        found = np.zeros(len(items))
        places = np.column_stack([items["longitude"], items["latitude"]])
        for events, rows in by_array(items["events"], context.volume):
            found[rows] = densities(events, places[rows], items["start"][rows], context.parameters)
        return {"density": found}


def densities(events: Floats, places: Floats, starts: Floats, wanted: DensityParameters) -> Floats:
    """Return the density just before each time at its place (longitude, latitude; shape (n, 2))."""
    found = np.zeros(len(starts))
    if not len(events):
        return found
    times, known = events[:, 0], on_earth(events[:, 1], events[:, 2])
    distinct, which = np.unique(places, axis=0, return_inverse=True)
    points, half = on_earth(distinct[:, 0], distinct[:, 1]), wanted.half_life_days * DAY
    moments, groups = _by_moment(starts)
    level, since, seen = np.zeros(len(points)), float(moments[0]), 0
    for moment, rows in zip(moments.tolist(), groups, strict=True):
        before = int(np.searchsorted(times, moment, "left"))
        fresh = 2 ** ((times[seen:before] - moment) / half)
        level = level * 2 ** ((since - moment) / half)
        level += heights(points, known[seen:before], wanted.width_km, fresh)
        since, seen = moment, before
        found[rows] = level[which.ravel()[rows]] / _whole(moment - float(times[0]), wanted)
    return found


def _by_moment(starts: Floats) -> tuple[Floats, list[Any]]:
    """Return the distinct times in order, and the rows of each."""
    moments, which = np.unique(starts, return_inverse=True)
    order = np.argsort(which, kind="stable")
    return moments, np.split(order, np.searchsorted(which[order], np.arange(1, len(moments))))


def _whole(seconds: float, wanted: DensityParameters) -> float:
    """Return km² times days that the hill of one event per day and km², so long, amounts to."""
    lives = max(seconds, 0.0) / (wanted.half_life_days * DAY)
    days = wanted.half_life_days / math.log(2) * (1 - 2**-lives)
    return 2 * math.pi * wanted.width_km**2 * days or math.inf
