"""The feedback loop as a picture: where patrols are, round by round."""

from __future__ import annotations

from collections.abc import Sequence

from policing.fairness import EVERY, Round

WIDTH, HEIGHT, EDGE = 360, 200, 36
"""Of the drawing, in its own units, and what is left free around it."""
MOST = 0.5
SHOWN = {"Milltown": "#7f0000", "Parkside": "#0b5394"}


def loop_plot(rounds: Sequence[Round]) -> str:
    """Return an SVG of each shown district's share of all patrols."""
    days = len(rounds) * EVERY
    title = "Share of all patrols, round by round"
    marks = [
        f'<path class="axis" d="M{EDGE} {_y(part)}H{WIDTH - EDGE}"/>'
        f'<text x="{EDGE - 6}" y="{_y(part) + 4:.0f}" text-anchor="end">{part:.0%}</text>'
        for part in (0.0, 0.1, 0.2, 0.3, 0.4, MOST)
    ]
    return "\n".join(
        [
            f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">',
            f"<title>{title}</title>",
            *marks,
            *(_line(rounds, name, colour) for name, colour in SHOWN.items()),
            f'<text x="{EDGE}" y="{HEIGHT - 6}">first round</text>',
            f'<text x="{WIDTH - EDGE}" y="{HEIGHT - 6}" text-anchor="end">{days} days later</text>',
            "</svg>",
        ]
    )


def _line(rounds: Sequence[Round], name: str, colour: str) -> str:
    step = (WIDTH - 2 * EDGE) / max(len(rounds) - 1, 1)
    points = [(EDGE + step * at, _y(one.patrolled[name])) for at, one in enumerate(rounds)]
    drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    middle = points[len(points) // 2]
    return (
        f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="3"/>'
        f'<text x="{middle[0]:.1f}" y="{middle[1] - 8:.1f}" fill="{colour}">{name}</text>'
    )


def _y(part: float) -> float:
    return HEIGHT - EDGE - part / MOST * (HEIGHT - 2 * EDGE)
