"""Drawing a flow as SVG: steps from left to right, each right of all that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 172, 58
GAP_X, GAP_Y = 56, 22
MARGIN = 16
COLOURS = {
    "collect": "#d7ecff", "handle": "#e7f5d8", "features": "#fff0c9", "predict": "#f3dcff",
    "learn": "#ffdfe0", "post": "#e3e6ea",
}  # fmt: skip
INK, FAINT = "#1c2733", "#5b6b7b"
LONGEST = 24
ASKED, ANSWERED = "asked", "answered"


@dataclass(frozen=True)
class Box:
    """A step in its place, in pixels."""

    x: float
    y: float

    @property
    def left(self) -> tuple[float, float]:
        """Where arrows end."""
        return self.x, self.y + HEIGHT / 2

    @property
    def right(self) -> tuple[float, float]:
        """Where arrows begin."""
        return self.x + WIDTH, self.y + HEIGHT / 2


def svg(flow: Mapping[str, Any]) -> str:
    """Return the drawing of what `describing.described` tells; it needs nothing else."""
    steps: list[dict[str, Any]] = flow["steps"]
    columns = _columns(steps)
    tallest = max(len(names) for names in columns)
    boxes = {
        name: Box(
            MARGIN + x * (WIDTH + GAP_X),
            MARGIN + (y + (tallest - len(names)) / 2) * (HEIGHT + GAP_Y),
        )
        for x, names in enumerate(columns)
        for y, name in enumerate(names)
    }
    width = 2 * MARGIN + len(columns) * (WIDTH + GAP_X) - GAP_X
    height = 2 * MARGIN + tallest * (HEIGHT + GAP_Y) - GAP_Y
    parts = [*_arrows(steps, flow["answer"], boxes), *_boxes(steps, flow, boxes)]
    title = escape(f"The steps of flow {flow['service']}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" font-family="system-ui, sans-serif" font-size="12">'
        f"<title>{title}</title>"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="{FAINT}"/></marker></defs>'
        f"{''.join(parts)}</svg>"
    )


def _columns(steps: list[dict[str, Any]]) -> list[list[str]]:
    """Return the names column by column: each step right of all that it needs."""
    depth: dict[str, int] = {}
    for step in steps:
        depth[step["name"]] = 1 + max((depth[one] for one in step["needs"]), default=0)
    last = 1 + max(depth.values())
    columns: list[list[str]] = [[ASKED], *([] for _ in range(1, last)), [ANSWERED]]
    for name, at in depth.items():
        columns[at].append(name)
    return columns


def _arrows(
    steps: list[dict[str, Any]], answer: Mapping[str, str], boxes: Mapping[str, Box]
) -> list[str]:
    lines = []
    for step in steps:
        if step["from_flow"] or not step["needs"]:
            lines.append(_arrow(boxes[ASKED], boxes[step["name"]]))
        lines += [_arrow(boxes[one], boxes[step["name"]]) for one in step["needs"]]
    ends = dict.fromkeys(source.partition(".")[0] for source in answer.values())
    return lines + [_arrow(boxes[one], boxes[ANSWERED]) for one in ends if one in boxes]


def _arrow(begin: Box, end: Box) -> str:
    (x, y), (to_x, to_y) = begin.right, end.left
    middle = max(24, (to_x - x) / 2)
    way = f"M{x:g} {y:g} C{x + middle:g} {y:g} {to_x - middle:g} {to_y:g} {to_x:g} {to_y:g}"
    return f'<path d="{way}" fill="none" stroke="{FAINT}" marker-end="url(#tip)"/>'


def _boxes(
    steps: list[dict[str, Any]], flow: Mapping[str, Any], boxes: Mapping[str, Box]
) -> list[str]:
    drawn = [
        _box(boxes[ASKED], "#ffffff", "asked", ", ".join(flow["inputs"]), ""),
        _box(boxes[ANSWERED], "#ffffff", "answered", ", ".join(flow["answer"]), ""),
    ]
    for step in steps:
        more = f"for each of {step['each']}" if step["each"] else ""
        if step["where"] != "here":
            more = f"{more}, at {step['where']}".removeprefix(", ")
        does = f"{step['role']}: {step['kind']}"
        drawn.append(_box(boxes[step["name"]], COLOURS[step["role"]], step["name"], does, more))
    return drawn


def _box(box: Box, colour: str, name: str, does: str, more: str) -> str:
    frame = (
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{WIDTH}" height="{HEIGHT}" rx="8" '
        f'fill="{colour}" stroke="{FAINT}"/>'
    )
    lines = [
        frame,
        _text(box, 19, name, INK, ' font-weight="600"'),
        _text(box, 35, does, INK),
    ]
    if more:
        lines.append(_text(box, 50, more, FAINT, ' font-size="10"'))
    return "".join(lines)


def _text(box: Box, down: int, text: str, colour: str, more: str = "") -> str:
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    return f'<text x="{box.x + 10:g}" y="{box.y + down:g}" fill="{colour}"{more}>{escape(short)}</text>'
