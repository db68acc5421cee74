"""Draws the plots of docs/benchmarks.md from the tables of that page, so that both say the same.

Run: python benchmarks/plot.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from page import DOCS, PAGE, number, table

IMAGES = DOCS / "images"
ROW, THICK, LABELS, LONGEST, NUMBERS, HEAD = 28, 18, 130, 400, 170, 34
"""Pixels: of a row, a bar's height, the labels, the longest bar, the numbers, the heading."""
INK = "#768390"
"""Legible on white and on black."""
COLOURS = ("#4493f8", "#db6d28")


@dataclass(frozen=True)
class Bar:
    """One bar: `kind` chooses its colour."""

    label: str
    value: float
    said: str
    kind: int = 0


def main() -> None:
    """Write every plot."""
    IMAGES.mkdir(exist_ok=True)
    for name, drawn in plots(PAGE.read_text(encoding="utf-8")):
        (IMAGES / name).write_text(drawn, encoding="utf-8")
        print(f"docs/images/{name}")


def plots(page: str) -> Iterator[tuple[str, str]]:
    """Give the name and the SVG of each plot."""
    title = "A single prediction over HTTP, quiet and while versions are swapped, ms"
    yield "swaps.svg", svg(title, swap_bars(table(page, "Swapping versions under load")))
    title = "Single predictions a second, 16 connections"
    yield "serving.svg", svg(title, serving_bars(table(page, "Beside other servers")))
    title = "One record asked of a program in another language, p50, µs"
    yield "languages.svg", svg(title, language_bars(table(page, "Other languages")))


def swap_bars(rows: Sequence[Sequence[str]]) -> list[Bar]:
    """Return two bars for each quantile: quiet, while swapping."""
    times = [row for row in rows if re.fullmatch(r"p\d+", row[0])]
    whens = ("quiet", "swapping")
    return [
        Bar(f"{row[0]}, {when}", number(cell), cell, kind)
        for row in times
        for kind, (when, cell) in enumerate(zip(whens, row[1:], strict=True))
    ]


def serving_bars(rows: Sequence[Sequence[str]]) -> list[Bar]:
    """Return a bar for each server; Minerva has another colour."""
    return [
        Bar(row[0].split(":")[0], number(row[1]), row[1], int(row[0] == "Minerva"))
        for row in rows
        if row[1]
    ]


def language_bars(rows: Sequence[Sequence[str]]) -> list[Bar]:
    """Return a bar for each language; the one without a process of its own has another colour."""
    return [Bar(row[0], number(row[2]), row[2], int("inline" in row[0])) for row in rows]


def svg(title: str, bars: Sequence[Bar]) -> str:
    """Return a picture of horizontal bars from zero."""
    most = max(bar.value for bar in bars)
    width, height = LABELS + LONGEST + NUMBERS, HEAD + ROW * len(bars)
    drawn = [_row(bar, LONGEST * bar.value / most, place) for place, bar in enumerate(bars)]
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    look = f'font-family="sans-serif" font-size="13" fill="{INK}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" {look}>',
        f"<title>{escape(title)}</title>",
        f'<text x="0" y="18" font-weight="bold">{escape(title)}</text>',
        *drawn,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _row(bar: Bar, length: float, place: int) -> str:
    top = HEAD + ROW * place
    baseline = top + THICK - 5
    return (
        f'<text x="{LABELS - 8}" y="{baseline}" text-anchor="end">{escape(bar.label)}</text>'
        f'<rect x="{LABELS}" y="{top}" width="{length:.1f}" height="{THICK}" '
        f'fill="{COLOURS[bar.kind]}"/>'
        f'<text x="{LABELS + length + 6:.1f}" y="{baseline}">{escape(bar.said)}</text>'
    )


if __name__ == "__main__":
    main()
