"""Draws the plots of docs/benchmarks.md and docs/scaling.md from the tables of these pages.

Both say the same then.

Run: python benchmarks/plot.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from page import DOCS, PAGE, number, table

IMAGES = DOCS / "images"
SCALING = DOCS / "scaling.md"
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
    for name, drawn in every_plot():
        (IMAGES / name).write_text(drawn, encoding="utf-8")
        print(f"docs/images/{name}")


def every_plot() -> Iterator[tuple[str, str]]:
    """Give the name and the SVG of each plot of both pages, as these are."""
    yield from plots(PAGE.read_text(encoding="utf-8"))
    yield from scaling_plots(SCALING.read_text(encoding="utf-8"))


def scaling_plots(page: str) -> Iterator[tuple[str, str]]:
    """Give the name and the SVG of each plot of docs/scaling.md."""
    title = "Cores of the database that are busy, with 1 % of the predictions recorded"
    rows = table(page, "From one replica to a thousand")
    bars = [Bar(row[0].replace(" services", ""), number(row[8]), row[8]) for row in rows]
    yield "scaling_database.svg", svg(title, bars)
    title = "Until every web worker serves a promotion, a database of four cores, s"
    rows = [row for row in table(page, "When something changes") if row[1] == "4"]
    served = [row for row in rows if row[5][0].isdigit()]
    bars = [Bar(f"{row[0]} replicas", number(row[5]), row[5]) for row in served]
    yield "scaling_change.svg", svg(title, bars)


def plots(page: str) -> Iterator[tuple[str, str]]:
    """Give the name and the SVG of each plot."""
    title = "A single prediction over HTTP, quiet and while versions are swapped, ms"
    yield "swaps.svg", svg(title, swap_bars(table(page, "Swapping versions under load")))
    title = "Single predictions a second, 16 connections"
    yield "serving.svg", svg(title, serving_bars(table(page, "Beside other servers")))
    title = "One record asked of a program in another language, p50, µs"
    yield "languages.svg", svg(title, language_bars(table(page, "Other languages")))
    title = "Share of the later events met where a tenth of the made city is flagged"
    yield "hotspots.svg", svg(title, hotspot_bars(table(page, "Hot spots")))
    title = "The scene classifier for 60 photos, two networks, as a program and as a flow, s"
    yield "table1.svg", svg(title, photo_bars(table(page, "A recommendation from photos")))
    title = "Eight rows of a step on a queue, by one, two and four workers, s"
    yield "flow_workers.svg", svg(title, worker_bars(table(page, "Flows and workers")))


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


def hotspot_bars(rows: Sequence[Sequence[str]]) -> list[Bar]:
    """Return a bar for each forecast; the flow has another colour."""
    return [
        Bar(
            row[0].replace(" of the cell and hour of the", ","),
            number(row[2]),
            row[2],
            int("flow" in row[0]),
        )
        for row in rows
    ]


def photo_bars(rows: Sequence[Sequence[str]]) -> list[Bar]:
    """Return two bars for each network, of the first part in the table: program, flow."""
    _, *cells = rows[0]
    return [
        Bar(f"{network}, {way}", number(cells[at + kind]), cells[at + kind], kind)
        for at, network in ((3, "small"), (6, "large"))
        for kind, way in enumerate(("program", "flow"))
    ]


def worker_bars(rows: Sequence[Sequence[str]]) -> list[Bar]:
    """Return a bar for each number of workers."""
    return [
        Bar(f"{row[0]} worker{'s' if row[0] != '1' else ''}", number(row[1]), f"{row[1]} s")
        for row in rows
    ]


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
