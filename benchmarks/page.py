"""The page docs/benchmarks.md and the tables in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "benchmarks.md"
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)


def table(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, without its head."""
    lines = TABLE.findall(_section(page, heading))[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def replaced(page: str, heading: str, place: int, lines: Sequence[str]) -> str:
    """Return the page with other lines for the table at that place below a heading."""
    section = _section(page, heading)
    old = TABLE.findall(section)[place]
    return page.replace(section, section.replace(old, "\n".join(lines) + "\n"))


def number(cell: str) -> float:
    """Return the number at the beginning of a cell such as `1,976 µs`."""
    found = re.match(r"[\d,.]+", cell)
    if found is None:
        raise ValueError(f"{cell!r} does not begin with a number")
    return float(found[0].replace(",", ""))


def _section(page: str, heading: str) -> str:
    return page.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
