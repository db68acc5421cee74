"""What training data must be like, and what a person should hear of it anyway."""

from __future__ import annotations

from collections.abc import Iterator

from minerva.errors import Fault, InvalidData
from minerva.layers.abstraction.services.declaration import DataChecks
from minerva.layers.abstraction.validation.finding import Finding
from minerva.layers.abstraction.validation.report import DataReport

MANY_DUPLICATES = 0.05
MOSTLY_MISSING = 0.5
RARE = 0.01
MOVED = 0.25
"""A stability index above which a population is a different one (Siddiqi 2006)."""
WHERE = "/data/checks"


def demand(report: DataReport, checks: DataChecks) -> None:
    """Raise InvalidData, which names every check that fails, with what was found."""
    faults = list(_failed(report, checks))
    if faults:
        raise InvalidData(
            f"The training data fails {len(faults)} of its checks, so nothing was trained.",
            faults=faults,
        )


def remarks(report: DataReport) -> list[str]:
    """Return what is odd about the data, a sentence each, though no check forbids it."""
    return [one.says for one in odd(report)]


def odd(report: DataReport) -> Iterator[Finding]:
    """Yield what is odd about the data, with what to do."""
    if report.duplicate_share > MANY_DUPLICATES:
        yield Finding(
            "rows",
            f"{report.duplicates:,} of {report.rows:,} rows repeat another row: held-out rows may have "
            "been learnt from, and the metrics be too good.",
            "Take each row once into the data, or hold rows out by group.",
        )
    for name, share in report.missing.items():
        if share > MOSTLY_MISSING:
            yield Finding(
                name,
                f"{name} is missing in {share:.0%} of the rows.",
                "Find out why, or write `use: false` for it.",
            )
    for name in report.constant:
        yield Finding(
            name,
            f"{name} has the same value in all rows: nothing can be learnt from it.",
            "Write `use: false` for it, or bring rows in which it differs.",
        )
    yield from _rare_or_moved(report)


def _rare_or_moved(report: DataReport) -> Iterator[Finding]:
    for name, share in report.classes.items():
        if share < RARE:
            yield Finding(
                f"answer {name}",
                f"Only {share:.2%} of the rows are {name!r}: metrics say little about such a rare answer.",
                "Look at balanced_accuracy beside the other metrics, or bring more such rows.",
            )
    for name, value in report.drift.items():
        if value > MOVED:
            yield Finding(
                name,
                f"{name} is spread otherwise than in the rows that the champion learnt from "
                f"(PSI {value:.2f}).",
                "Train anew, if that is how it is from now on.",
            )


def _failed(report: DataReport, checks: DataChecks) -> Iterator[Fault]:
    if checks.min_rows is not None and report.rows < checks.min_rows:
        yield _fault("min_rows", f"{report.rows:,} rows, not {checks.min_rows:,}.")
    share = report.duplicate_share
    if checks.max_duplicates is not None and share > checks.max_duplicates:
        yield _fault(
            "max_duplicates",
            f"{share:.1%} of the rows repeat another, more than {checks.max_duplicates:.1%}.",
        )
    if checks.max_missing is not None:
        yield from (
            _fault(
                "max_missing",
                f"{name} is missing in {share:.1%} of the rows, more than {checks.max_missing:.1%}.",
            )
            for name, share in report.missing.items()
            if share > checks.max_missing
        )
    yield from _failed_by_comparison(report, checks)


def _failed_by_comparison(report: DataReport, checks: DataChecks) -> Iterator[Fault]:
    if checks.min_class_share is not None:
        yield from (
            _fault(
                "min_class_share",
                f"{share:.2%} of the rows are {name!r}, less than {checks.min_class_share:.2%}.",
            )
            for name, share in report.classes.items()
            if share < checks.min_class_share
        )
    if checks.max_drift is not None:
        yield from (
            _fault(
                "max_drift",
                f"{name} moved by a PSI of {value:.2f} since the champion's training, more than "
                f"{checks.max_drift:g}.",
            )
            for name, value in report.drift.items()
            if value > checks.max_drift
        )


def _fault(check: str, message: str) -> Fault:
    return Fault(f"{WHERE}/{check}", message)
