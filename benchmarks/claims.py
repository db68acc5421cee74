"""What is asked of Minerva beside other servers, and what was reached, as rows of a table.

Each ratio is the median of the rounds' ratios: a round's servers saw the same machine.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence

Rounds = Mapping[str, Sequence[Mapping[str, float]]]
OTHERS = ("mlserver", "bentoml", "litserve", "mlflow", "ray")


def claimed(found: Rounds) -> list[str]:
    """Return the rows: what is asked, what was reached, whether that is enough."""
    others = [name for name in OTHERS if name in found]
    peers = [name for name in ("fastapi", *OTHERS) if name in found]
    asked = (
        ("one row, 16 connections, throughput", "the floor", 0.7, "one_per_s", ["floor"]),
        ("one row, 16 connections, throughput", "FastAPI", 2, "one_per_s", peers[:1]),
        ("one row, 16 connections, throughput", "every other peer", 5, "one_per_s", others),
        ("100 rows in JSON, throughput", "FastAPI", 2, "hundred_per_s", peers[:1]),
        ("100 rows in JSON, throughput", "every other peer", 3, "hundred_per_s", others),
    )
    allowed = (
        ("one row, 16 connections, p99", "the best peer", 1, "one_p99_ms", peers),
        ("one row, 1 connection, p50", "the floor", 1.5, "alone_p50_ms", ["floor"]),
        ("start to first prediction", "the fastest peer", 0.25, "start_s", peers),
        ("memory of all processes", "the lightest peer", 1, "memory_mib", peers),
    )
    rows = []
    for what, whom, bound, measure, names in asked:
        if names and (whom != "FastAPI" or "fastapi" in names):
            reached = _ratio(found, measure, names, max)
            rows.append(_row(f"{what}: ≥ {bound} times {whom}", reached, met=reached >= bound))
    for what, whom, bound, measure, names in allowed:
        if names:
            reached = _ratio(found, measure, names, min)
            rows.append(_row(f"{what}: ≤ {bound} times {whom}", reached, met=reached <= bound))
    return [*rows, *_binary(found)]


def _binary(found: Rounds) -> list[str]:
    own = found["minerva"]
    if "binary_per_s" not in own[0]:
        return []
    reached = statistics.median(each["binary_per_s"] / each["hundred_per_s"] for each in own)
    what = "100 rows in binary tensors, throughput: ≥ 3 times our own JSON"
    return [_row(what, reached, met=reached >= 3)]  # noqa: PLR2004 - as the line before says


def _ratio(
    found: Rounds, measure: str, others: Sequence[str], best: Callable[[list[float]], float]
) -> float:
    """Return Minerva's measure divided by that of the best of the others, in the middle round."""
    ratios = [
        own[measure] / best([found[name][turn][measure] for name in others])
        for turn, own in enumerate(found["minerva"])
    ]
    return statistics.median(ratios)


def _row(asked: str, reached: float, *, met: bool) -> str:
    return f"| {asked} | {reached:.2f} | {'reached' if met else 'missed'} |"
