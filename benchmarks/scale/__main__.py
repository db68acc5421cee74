"""Measures what scaling costs, lets deployments grow in a simulation, and holds that to real replicas.

Run: make bench ONLY=scale, or in the folder benchmarks: python -m scale [--page]
With `--page` it also writes `costs.json` and the tables of docs/scaling.md.
"""

from __future__ import annotations

import sys

from page import DOCS, replaced

from scale import measure, tables
from scale.validate import compared

PAGE = DOCS / "scaling.md"


def main(arguments: list[str]) -> None:
    """Measure, compare, simulate, print."""
    costs = measure.costs()
    if "--page" in arguments:
        measure.keep(costs)
    found = tables.validation(compared(costs))
    simulated = ((heading, made(costs)) for heading, made in tables.SIMULATED.items())
    for heading, lines in (("Predicted and measured", found), *simulated):
        print(f"\n{heading}\n", *lines, sep="\n", flush=True)
        if "--page" in arguments:
            PAGE.write_text(replaced(PAGE.read_text(), heading, 0, lines))


if __name__ == "__main__":
    main(sys.argv[1:])
