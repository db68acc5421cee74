"""What came out: a flow's forecasts of later months beside simple ones, and beside what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from policing import city, earthquakes
from policing.fairness import District, cell_districts, districts
from policing.judging import SHARES, Floats, Gain, Score, baselines, gain, scores
from policing.study import CITY, EARTHQUAKES, Study

FLOW = "the flow"
DENSITY = "kernel density"
DRAWN = "the true rates"
"""What the simulator draws from: no forecast, for nobody can know them."""
FLAGGED = 0.10
"""Share of the area that is flagged where only one is told."""

Ask = Callable[[Study, pd.DataFrame], Floats]
"""Has a study's flow learn from events, and returns its forecast of the later intervals."""


@dataclass(frozen=True, eq=False)
class Findings:
    """Of one study; forecasts and counts have shape (intervals, cells)."""

    study: Study
    recorded: Floats
    forecasts: Mapping[str, Floats]
    """The flow's first."""

    def table(self) -> list[tuple[str, Sequence[Score]]]:
        """Return what each forecast reaches, judged by what was recorded later."""
        return [(name, scores(one, self.recorded)) for name, one in self.forecasts.items()]

    def best_other(self) -> str:
        """Return which of the others has the highest hit rate where a tenth is flagged."""
        told = {
            name: found[SHARES.index(FLAGGED)].hit_rate
            for name, found in self.table()
            if name not in {FLOW, DRAWN}
        }
        return max(told, key=lambda name: told[name])

    def gained(self, other: str) -> Gain:
        """Return by how much the flow's hit rate is above another's, a tenth flagged."""
        return gain(self.forecasts[FLOW], self.forecasts[other], self.recorded, FLAGGED)


def found(study: Study, events: pd.DataFrame, ask: Ask) -> Findings:
    """Return a study's findings."""
    counts, later = study.counts(events), study.later()
    forecasts = {
        FLOW: ask(study, events),
        DENSITY: study.density(events, later),
        **baselines(counts, later, study.week, study.day),
    }
    return Findings(study, counts[later], forecasts)


@dataclass(frozen=True, eq=False)
class CityFindings:
    """Of the city recorded evenly and with a bias, and what really happened in the later intervals."""

    even: Findings
    biased: Findings
    happened: Floats

    def districts(self, of: Findings) -> list[District]:
        """Return what the flow says of each district."""
        flow = of.forecasts[FLOW]
        return districts(flow, of.recorded, self.happened, cell_districts(), FLAGGED)

    def truly(self, of: Findings) -> Score:
        """Return what the flow reaches of all that happened, recorded or not, a tenth flagged."""
        return scores(of.forecasts[FLOW], self.happened)[SHARES.index(FLAGGED)]


def city_found(ask: Ask, seed: int = 0) -> CityFindings:
    """Return the findings of a city, with and without a bias in the records."""
    events = city.happened(seed)
    even, biased = (
        found(CITY, city.recorded(events, chances, seed + 1).table(), ask)
        for chances in (city.EVEN, city.BIASED)
    )
    drawn = {**even.forecasts, DRAWN: city.rates(seed)[CITY.later()]}
    return CityFindings(
        replace(even, forecasts=drawn), biased, CITY.counts(events.table())[CITY.later()]
    )


def earthquakes_found(ask: Ask) -> Findings:
    """Return the findings of the earthquakes."""
    return found(EARTHQUAKES, earthquakes.table(), ask)
