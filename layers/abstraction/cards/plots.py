"""A card's plots as SVG: calibration as points beside the line of honest chances, the rest as bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

WIDTH, ROW, VALUE = 350, 40, 70
"""Of a plot with bars, in px: its width, which a phone has; a bar with its name above; room for figures."""
SIDE, EDGE = 300, 36
"""Of the plot of chances: its side, and room for its axes."""
INK, BAR, MARKED, FAINT = "#1f2933", "#2f6f9f", "#b3422f", "#c5d0da"


def bars(title: str, rows: Sequence[tuple[str, float, bool]]) -> str:
    """Return a bar for each name and value; those that are marked stand out. Empty for no rows."""
    if not rows:
        return ""
    most = max((abs(value) for _, value, _ in rows), default=0.0) or 1.0
    room = WIDTH - VALUE
    drawn = []
    for place, (name, value, marked) in enumerate(rows):
        top = place * ROW
        length = max(1.0, abs(value) / most * room)
        colour = MARKED if marked else BAR
        bar = f'<rect x="0" y="{top + 20}" width="{length:.1f}" height="12" fill="{colour}"/>'
        drawn += [_text(0, top + 15, name), bar, _text(length + 6, top + 31, f"{value:.3g}")]
    return _svg(title, WIDTH, len(rows) * ROW + 4, drawn)


def chances(title: str, bins: Sequence[Mapping[str, Any]]) -> str:
    """Return a point for each bin: what was told to the right, what came true upwards."""
    inner = SIDE - 2 * EDGE

    def place(told: float, true: float) -> tuple[float, float]:
        return EDGE + told * inner, SIDE - EDGE - true * inner

    (left, bottom), (right, top) = place(0, 0), place(1, 1)
    drawn = [
        f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="{INK}"/>',
        f'<path d="M{left} {bottom}L{right} {top}" stroke="{FAINT}" stroke-dasharray="4 4"/>',
        _text(SIDE / 2, SIDE - 8, "told", anchor="middle"),
        _text(12, 18, "came true"),
        *(_text(x, bottom + 16, f"{at:.0%}", anchor="middle") for at, x in ((0, left), (1, right))),
    ]
    most = max((one["rows"] for one in bins), default=1)
    for one in bins:
        x, y = place(one["told"], one["came_true"])
        radius = 3 + 4 * (one["rows"] / most)
        drawn.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{BAR}"/>')
    return _svg(title, SIDE, SIDE, drawn)


def _svg(title: str, width: int, height: int, drawn: Iterable[str]) -> str:
    name = escape(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{name}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13"><title>{name}</title>'
        f"{''.join(drawn)}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{INK}">{escape(text)}</text>'
    )
