"""`post: fuzzify`: what many items are taken for becomes one profile, by fuzzy sets.

A confidence x, 0 to 1, belongs to three triangular sets that overlap so that degrees add up to 1
(a fuzzy partition: Ruspini 1969, "A new approach to clustering"; low, medium and high as values of a
linguistic variable: Zadeh 1975). With peaks a < b < c:

    low(x)    = 1 below a, falls to 0 at b
    medium(x) = 0 outside a..c, 1 at b
    high(x)   = 0 below b, rises to 1 at c

A record's degree in a set is the mean over its items, the relative sigma-count (Zadeh 1983, "A
computational approach to fuzzy quantifiers"). The crisp value is the mean of the sets' centres 0, 1/2
and 1, weighted by these degrees (centre average, as in Takagi and Sugeno 1985): 0 where all items are
low, 1 where all are high.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import Field, FieldType, InvalidConfiguration, Items, Parameters, Step, StepContext
from minerva.errors import Fault
from minerva.step import Columns, Fields

SETS = ("low", "medium", "high")
CENTRES = np.array([0.0, 0.5, 1.0])
LEAST_RISE = 1e-6
"""Between two peaks; less is nothing that numbers could tell apart."""
Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]


class FuzzifyParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `fuzzify`."""

    peaks: Annotated[
        tuple[Chance, Chance, Chance],
        msgspec.Meta(
            description="Confidences that are low, medium and high without any doubt, rising"
        ),
    ] = (0.0, 0.5, 1.0)


class Fuzzify(Step):
    """The profile of a record from the confidences of its items: for each input a number 0 to 1.

    Beside each number stands a category NAME_level of low, medium and high, with the degrees as chances.
    An item whose confidence is missing does not count; without any item all is low.
    """

    name = "fuzzify"
    role = "post"
    shape = "gather"
    Parameters = FuzzifyParameters

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return three kinds of fields for each input: crisp value, level, degree of each level."""
        low, medium, high = parameters.peaks
        if min(medium - low, high - medium) < LEAST_RISE:
            fault = Fault("/parameters/peaks", f"must rise by {LEAST_RISE} at least to the next")
            raise InvalidConfiguration("The peaks of the fuzzy sets do not rise.", faults=[fault])
        faults = [
            Fault(f"/inputs/{name}", "is no number from 0 to 1")
            for name, field in inputs.items()
            if field.type is not FieldType.NUMBER
        ]
        if faults or not inputs:
            raise InvalidConfiguration("Only confidences can be fuzzified.", faults=faults)
        share = Field(type=FieldType.NUMBER, minimum=0, maximum=1)
        made: dict[str, Field] = {}
        for name in inputs:
            made[name] = share
            made[f"{name}_level"] = Field(type=FieldType.CATEGORY, values=SETS)
            made |= {f"{name}_level.{level}": share for level in SETS}
        return made

    def run(self, items: Items, context: StepContext) -> Columns:
        """Return the profile, one row for each record."""
        peaks = np.array(context.parameters.peaks)
        made: dict[str, NDArray[Any]] = {}
        for name, confidences in items.columns.items():
            degrees = _gathered(memberships(confidences, peaks), items)
            made[name] = np.clip(degrees @ CENTRES, 0, 1)
            made[f"{name}_level"] = degrees.argmax(axis=1).astype(np.int32)
            made |= {f"{name}_level.{level}": degrees[:, at] for at, level in enumerate(SETS)}
        return made


def memberships(
    confidences: NDArray[np.float64], peaks: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the degrees in the three sets, shape (n, 3), each row adding up to 1; NaN of NaN."""
    rising = [np.interp(confidences, peaks, row) for row in np.eye(len(SETS))]
    return np.stack(rising, axis=1)


def _gathered(degrees: NDArray[np.float64], items: Items) -> NDArray[np.float64]:
    """Return the mean of each record's rows, shape (records, 3)."""
    known = ~np.isnan(degrees[:, 0])
    of, counted = items.of[known], degrees[known]
    sums = [np.bincount(of, column, items.records) for column in counted.T]
    counts = np.bincount(of, minlength=items.records)
    means = np.stack(sums, axis=1) / np.maximum(counts, 1)[:, np.newaxis]
    means[counts == 0, 0] = 1.0
    return means
