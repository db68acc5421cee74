"""What the campaign's workspace holds: a service that trains in a second, and rows for it to score."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

ROWS = 5_000
"""Rows that a batch scores."""
TRAINED = 400

SERVICE = """
service: label
algorithm: xgboost.classifier
parameters: {n_estimators: 20, max_depth: 3}
schema:
  key: id
  inputs:
    x: {type: number}
    y: {type: number}
  output:
    label: {type: category, values: ["No", "Yes"]}
data: {source: csv, path: data.csv}
"""


def write_training(path: Path) -> None:
    """Write rows that can be learnt from."""
    lines = [
        f"{row},{x:.4f},{y:.4f},{'Yes' if x + y > 0 else 'No'}" for row, x, y in _points(TRAINED)
    ]
    path.write_text("\n".join(["id,x,y,label", *lines]) + "\n")


def write_people(path: Path) -> None:
    """Write rows to be scored."""
    lines = [f"p{row},{x:.4f},{y:.4f}" for row, x, y in _points(ROWS)]
    path.write_text("\n".join(["id,x,y", *lines]) + "\n")


def _points(count: int) -> Iterator[tuple[int, float, float]]:
    chance = random.Random(7)
    for row in range(count):
        yield row, chance.gauss(0, 1), chance.gauss(0, 1)
