"""The built-in steps that reach outside, as the plugin that brings them."""

from __future__ import annotations

from collections.abc import Iterable

from minerva import Step, hookimpl
from minerva.adapters.steps.files import Files
from minerva.adapters.steps.frames import Frames
from minerva.adapters.steps.http import Http
from minerva.adapters.steps.sql import Sql
from minerva.adapters.steps.table import Table


@hookimpl
def minerva_steps() -> Iterable[Step]:
    """Bring the steps."""
    return [Files(), Frames(), Http(), Sql(), Table()]
