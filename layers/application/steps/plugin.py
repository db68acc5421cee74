"""The built-in steps without I/O, as the plugin that brings them."""

from __future__ import annotations

from collections.abc import Iterable

from minerva import Step, hookimpl
from minerva.layers.application.steps.calendar import Calendar
from minerva.layers.application.steps.cells import Cells
from minerva.layers.application.steps.clean import Clean
from minerva.layers.application.steps.density import Density
from minerva.layers.application.steps.filter import Filter
from minerva.layers.application.steps.fuzzify import Fuzzify
from minerva.layers.application.steps.images import Images
from minerva.layers.application.steps.join import Join
from minerva.layers.application.steps.lags import Lags
from minerva.layers.application.steps.rank import Rank
from minerva.layers.application.steps.season import Season
from minerva.layers.application.steps.standardise import Standardise
from minerva.layers.application.steps.summary import Summary
from minerva.layers.application.steps.threshold import Threshold


@hookimpl
def minerva_steps() -> Iterable[Step]:
    """Bring the steps."""
    return [
        Calendar(),
        Cells(),
        Clean(),
        Density(),
        Filter(),
        Fuzzify(),
        Images(),
        Join(),
        Lags(),
        Rank(),
        Season(),
        Standardise(),
        Summary(),
        Threshold(),
    ]
