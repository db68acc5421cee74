"""What a version must not be trusted with, in sentences, read from its own evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from minerva.layers.abstraction.registry.records import APPRAISAL

Facts = Mapping[str, Any]
FEW_ROWS = 200
MUCH_MISSING = 0.2
RARE = 0.02
OFF = 0.05
"""Mean distance between told chances and what came true that a person should know of."""


def limits(manifest: Facts) -> list[str]:
    """Return the limits of a version; an imported model has told little that could be read."""
    return [*_of_evaluation(manifest), *_of_data(manifest.get("data") or {})]


def _of_evaluation(manifest: Facts) -> Iterator[str]:
    held_out = (manifest.get("data") or {}).get("held_out_rows", 0)
    if not held_out:
        yield "Nothing was held out: how good it is has not been measured."
        return
    if held_out < FEW_ROWS:
        yield f"It was measured on {held_out} rows only: see how wide the intervals are."
    baseline = manifest.get("baseline")
    if baseline is not None and not baseline["beaten"]:
        yield f"It is no better than {baseline['answer']}."
    yield from _of_appraisal(manifest.get(APPRAISAL) or {})


def _of_appraisal(appraisal: Facts) -> Iterator[str]:
    worst = appraisal.get("worst")
    if worst is not None:
        yield (
            f"It is worse where {worst['field']} is {worst['group']}: {appraisal['metric']} "
            f"{worst['value']:.3f} in {worst['rows']:,} rows."
        )
    calibration = appraisal.get("calibration")
    if calibration is not None and calibration["error"] > OFF:
        yield (
            f"Its chances of {calibration['of']} are off by {calibration['error']:.0%} on average: "
            "take them as an order, not as shares."
        )


def _of_data(data: Facts) -> Iterator[str]:
    report = data.get("report")
    if report is None:
        return
    for name, share in report["missing"].items():
        if share > MUCH_MISSING:
            yield f"{name} was missing in {share:.0%} of the rows that it learnt from."
    for name in report["constant"]:
        yield f"{name} never varied: what follows from another value is unknown."
    for name, share in report["classes"].items():
        if share < RARE:
            yield f"{name!r} was the truth of {share:.2%} of the rows: it has hardly seen any."
