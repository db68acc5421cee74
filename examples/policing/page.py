"""Write one page about the forecasts: maps beside the truth, hit rates, and what is not fair about them.

Run: PYTHONPATH=examples python -m policing.page [FILE]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from minerva.layers.application.steps.grid import Grid
from policing import city
from policing.fairness import District, Round, feedback
from policing.findings import FLAGGED, FLOW, CityFindings, Findings, city_found, earthquakes_found
from policing.forecasting import forecast
from policing.heat_map import Mark, heat_map
from policing.judging import SHARES, Floats
from policing.loop_plot import loop_plot

HERE = Path(__file__).parent
CITIES = 20
"""Over so many the loop's mean is taken: in one, chance says as much."""
TEMPLATE = HERE / "page.html"
RECORDED, HAPPENED = "Recorded later", "What really happened, recorded or not"


def main(file: Path) -> None:
    """Have both flows learn, and write the page."""
    made = city_found(forecast)
    rounds = feedback(range(CITIES), FLAGGED)
    file.write_text(page(made, earthquakes_found(forecast), rounds), encoding="utf-8")
    print(file)


def page(made: CityFindings, quakes: Findings, rounds: Sequence[Round]) -> str:
    """Return the page; it needs no other file."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        city_maps=_maps(made.even, RECORDED, made.even.recorded, city_marks(), quarters=True),
        city_table=_scores(made.even),
        city_gain=_gained(made.even),
        city_events=f"{made.even.recorded.sum():,.0f}",
        quake_maps=_maps(quakes, RECORDED, quakes.recorded),
        quake_table=_scores(quakes),
        quake_gain=_gained(quakes),
        quake_events=f"{quakes.recorded.sum():,.0f}",
        biased_maps=_maps(made.biased, HAPPENED, made.happened, quarters=True),
        even_districts=_districts(made.districts(made.even)),
        biased_districts=_districts(made.districts(made.biased)),
        unfair=_unfair(made),
        loop=loop_plot(rounds),
        loop_end=_loop_end(rounds),
    )


def city_marks() -> list[Mark]:
    """Return the hot spots that are there at the end."""
    return [
        Mark(spot.name, spot.x / city.GRID.cell_km, spot.y / city.GRID.cell_km, 1.3)
        for spot in city.SPOTS
        if spot.days[1] == city.DAYS
    ]


def _maps(
    found: Findings, what: str, truth: Floats, marks: Sequence[Mark] = (), *, quarters: bool = False
) -> str:
    grid = found.study.grid
    maps = {
        "Forecast": found.forecasts[FLOW].mean(axis=0),
        what: truth.mean(axis=0),
    }
    most = float(max(values.max() for values in maps.values()))
    return "".join(
        f"<figure>{_map(title, values, grid, most, marks, quarters=quarters)}"
        f"<figcaption>{title}, events in {grid.hours:g} hours; darkest: {most:.2f}</figcaption></figure>"
        for title, values in maps.items()
    )


def _map(
    title: str, values: Floats, grid: Grid, most: float, marks: Sequence[Mark], *, quarters: bool
) -> str:
    shaped = values.reshape(grid.rows, grid.columns)
    return heat_map(title, shaped, most, marks, quarters=quarters)


def _scores(found: Findings) -> str:
    head = "".join(f"<th>{share:.0%}</th>" for share in SHARES) * 2
    rows = "".join(
        f"<tr{' class=flow' if name == FLOW else ''}><th>{escape(name)}</th>"
        + "".join(f"<td>{one.hit_rate:.1%}</td>" for one in told)
        + "".join(f"<td>{one.pai:.2f}</td>" for one in told)
        + "</tr>"
        for name, told in found.table()
    )
    wide = len(SHARES)
    return _table(
        f"<tr><td></td><th colspan={wide}>hit rate, area flagged</th>"
        f"<th colspan={wide}>PAI, area flagged</th></tr><tr><th>forecast</th>{head}</tr>",
        rows,
    )


def _gained(found: Findings) -> str:
    other = found.best_other()
    told = found.gained(other)
    sure = (
        "not more than chance may do" if told.low <= 0 <= told.high else "more than chance would do"
    )
    return (
        f"Where a tenth of the area is flagged, the flow's hit rate is {told.mean * 100:+.1f} percentage "
        f"points beside the best of the others, {escape(other)} (90 % interval {told.low * 100:+.1f} to "
        f"{told.high * 100:+.1f}): {sure}."
    )


def _districts(told: Sequence[District]) -> str:
    rows = "".join(
        f"<tr><th>{escape(one.name)}</th><td>{one.happened:.2f}</td><td>{one.seen:.0%}</td>"
        f"<td>{one.expected:.2f}</td><td>{one.calibration:.2f}</td><td>{one.flagged:.1%}</td></tr>"
        for one in told
    )
    return _table(
        "<tr><th>district</th><th>happens</th><th>of it recorded</th><th>expected</th>"
        "<th>expected for each that happens</th><th>of its area flagged</th></tr>",
        rows,
    )


def _unfair(made: CityFindings) -> str:
    mill, park = made.districts(made.biased)[:2]
    place = SHARES.index(FLAGGED)
    own, of_even = (one.table()[0][1][place] for one in (made.biased, made.even))
    true, even = made.truly(made.biased), made.truly(made.even)
    return (
        f"As much happens in {mill.name} as in {park.name}. Where patrols record {mill.seen:.0%} of it "
        f"here and {park.seen:.0%} there, {mill.flagged:.1%} of {mill.name} is flagged and "
        f"{park.flagged:.1%} of {park.name}. The usual measure does not tell: judged by its own records, "
        f"that forecast has a PAI of {own.pai:.2f}, the one from even records {of_even.pai:.2f}. Of all "
        f"that happens the first meets {true.hit_rate:.1%}, the second {even.hit_rate:.1%}."
    )


def _loop_end(rounds: Sequence[Round]) -> str:
    last = rounds[-1].patrolled
    return (
        f"After {len(rounds)} rounds, {last['Milltown']:.1%} of all patrols are in Milltown and "
        f"{last['Parkside']:.1%} in Parkside."
    )


def _table(head: str, rows: str) -> str:
    return f'<div class="wide"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "policing.html")
