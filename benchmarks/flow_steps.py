"""Steps of the flows that benchmarks measure: a plugin that is copied into their workspaces."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from minerva import Field, Parameters, Spread, Step, hookimpl
from minerva.schema import FieldType
from minerva.step import Columns, Fields, Items, StepContext

NUMBER, TEXT = Field(type=FieldType.NUMBER), Field(type=FieldType.TEXT)
PAGE = 4_096
"""Characters of a page."""


class Next(Step):
    """One more: a step that does next to nothing."""

    name = "next"
    role = "handle"
    inputs = {"value": ("number", "integer")}

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Satisfy `Step`."""
        return {"value": NUMBER}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Satisfy `Step`."""
        return {"value": items["value"] + 1}


class Numbers(Step):
    """As many rows as a record says."""

    name = "numbers"
    role = "collect"
    shape = "spread"
    inputs = {"count": ("number", "integer")}

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Satisfy `Step`."""
        return {"value": NUMBER}

    def run(self, items: Items, context: StepContext) -> Spread:
        """Satisfy `Step`."""
        of = np.repeat(np.arange(len(items)), items["count"].astype(int))
        return Spread({"value": np.arange(len(of), dtype=float)}, of)


class Pages(Step):
    """As many pages of text as a record says."""

    name = "pages"
    role = "collect"
    shape = "spread"
    inputs = {"count": ("number", "integer")}

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Satisfy `Step`."""
        return {"page": TEXT}

    def run(self, items: Items, context: StepContext) -> Spread:
        """Satisfy `Step`."""
        of = np.repeat(np.arange(len(items)), items["count"].astype(int))
        return Spread({"page": _texts(_page(row) for row in range(len(of)))}, of)


class FilesOfPages(Pages):
    """The same pages, as files in the volume."""

    name = "pages-in-files"

    def run(self, items: Items, context: StepContext) -> Spread:
        """Satisfy `Step`."""
        of = np.repeat(np.arange(len(items)), items["count"].astype(int))
        names = (context.volume.write(f"{row}.txt", _page(row).encode()) for row in range(len(of)))
        return Spread({"page": _texts(names)}, of)


class Turned(Step):
    """A page backwards, and how long it is."""

    name = "turned"
    role = "handle"
    inputs = {"page": ("text",)}

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Satisfy `Step`."""
        return {"page": TEXT, "length": NUMBER}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Satisfy `Step`."""
        turned = _texts(page[::-1] for page in items["page"])
        return {"page": turned, "length": np.array([float(len(page)) for page in turned])}


class TurnedInFiles(Turned):
    """The same, of pages that are files in the volume."""

    name = "turned-in-files"

    def run(self, items: Items, context: StepContext) -> Columns:
        """Satisfy `Step`."""
        names, lengths = [], []
        for name in items["page"]:
            turned = context.volume.path(name).read_bytes()[::-1]
            names.append(context.volume.write(f"turned-{name}", turned))
            lengths.append(float(len(turned)))
        return {"page": _texts(names), "length": np.array(lengths)}


class Total(Step):
    """The sum over a record's rows."""

    name = "total"
    role = "post"
    shape = "gather"
    inputs = {"value": ("number",)}

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Satisfy `Step`."""
        return {"total": NUMBER}

    def run(self, items: Items, context: StepContext) -> Columns:
        """Satisfy `Step`."""
        return {"total": np.bincount(items.of, items["value"], items.records)}


class SleepParameters(Parameters, frozen=True, kw_only=True):
    """How long it takes."""

    seconds: float = 1.0


class Sleep(Next):
    """One more, later: work that needs no processor."""

    name = "sleep"
    outside = True
    Parameters = SleepParameters

    def run(self, items: Items, context: StepContext) -> Columns:
        """Satisfy `Step`."""
        time.sleep(context.parameters.seconds)
        return {"value": items["value"] + 1}


@hookimpl
def minerva_steps() -> Iterable[Step]:
    """Bring all of them."""
    return [
        Next(), Numbers(), Pages(), FilesOfPages(), Turned(), TurnedInFiles(), Total(), Sleep()
    ]  # fmt: skip


def _page(row: int) -> str:
    return f"{row:08}".ljust(PAGE, "abcdefgh"[row % 8])


def _texts(texts: Iterable[str]) -> Any:
    found = list(texts)
    column = np.empty(len(found), dtype=object)
    column[:] = found
    return column
