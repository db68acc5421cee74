"""Maps as SVG: how much there is in each cell of a grid, by colour, with places marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from policing.judging import Floats

CELL = 20
"""Side of a cell in the drawing's own units."""
LIGHT, DARK = (255, 247, 236), (127, 0, 0)
"""Of no event, and of the most."""
SHARPNESS = 0.5
"""Colours follow the square root, else one cell would outshine all others."""


@dataclass(frozen=True)
class Mark:
    """A place that is named; in cells from the south-western corner."""

    name: str
    x: float
    y: float
    radius: float


def heat_map(
    title: str, values: Floats, most: float, marks: Sequence[Mark] = (), *, quarters: bool = False
) -> str:
    """Return the SVG of values, shape (rows, columns) from the south; `most` has the darkest colour."""
    rows, columns = values.shape
    width, height = columns * CELL, rows * CELL
    cells = [
        f'<rect x="{x * CELL}" y="{(rows - 1 - y) * CELL}" width="{CELL}" height="{CELL}" '
        f'fill="{colour(values[y, x] / most if most else 0)}"/>'
        for y in range(rows)
        for x in range(columns)
    ]
    cross = f'<path class="quarters" d="M{width / 2} 0V{height}M0 {height / 2}H{width}"/>'
    return "\n".join(
        [
            f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            *cells,
            *([cross] if quarters else []),
            *(_drawn(mark, rows) for mark in marks),
            "</svg>",
        ]
    )


def colour(part: float) -> str:
    """Return the colour of a part of the most, 0 to 1."""
    strength = float(np.clip(part, 0, 1)) ** SHARPNESS
    mixed = (round(a + (b - a) * strength) for a, b in zip(LIGHT, DARK, strict=True))
    return "#" + "".join(f"{one:02x}" for one in mixed)


def _drawn(mark: Mark, rows: int) -> str:
    x, y = mark.x * CELL, (rows - mark.y) * CELL
    below = y + mark.radius * CELL + 11
    return (
        f'<circle class="mark" cx="{x:.1f}" cy="{y:.1f}" r="{mark.radius * CELL:.1f}"/>'
        f'<text x="{x:.1f}" y="{below:.1f}" text-anchor="middle">{escape(mark.name)}</text>'
    )
