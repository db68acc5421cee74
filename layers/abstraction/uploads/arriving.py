"""Looking at an upload from where it was left: by another call, or by a process that was killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minerva.layers.abstraction.formats.layout import Layout
from minerva.layers.abstraction.problems.problem import Problem
from minerva.layers.abstraction.uploads.checking import ArrivalCheck
from minerva.layers.abstraction.uploads.csv_check import CsvCheck
from minerva.layers.abstraction.uploads.ndjson_check import NdjsonCheck
from minerva.layers.abstraction.uploads.parquet_check import ParquetArrival
from minerva.layers.abstraction.uploads.rows import Wanted
from minerva.layers.abstraction.uploads.store import Tail


@dataclass
class Arriving:
    """What comes to one tail, and the check that has seen the first `seen` bytes of it."""

    tail: Tail
    check: ArrivalCheck
    seen: int

    @classmethod
    def at(cls, tail: Tail, layout: Layout, problem: Problem) -> Arriving:
        """Take up the check where its kept state ends. Raises as `ArrivalCheck.feed`."""
        kept = tail.read_state()
        if kept is None or kept["seen"] > tail.size:
            arriving = cls(tail, arrival_check(layout, problem), 0)
        else:
            arriving = cls(tail, arrival_check(layout, problem, kept["check"]), kept["seen"])
        for piece in tail.pieces(arriving.seen):
            arriving.look(piece)
        return arriving

    def look(self, piece: bytes) -> None:
        """Look at the next bytes."""
        self.check.feed(piece)
        self.seen += len(piece)

    def keep(self) -> None:
        """Keep the check's state, so that what was seen need not be seen again."""
        self.tail.write_state({"seen": self.seen, "check": self.check.state()})

    def end(self) -> int:
        """Look at the end and return how many rows there are."""
        self.check.end(self.tail.path)
        return self.check.rows


def arrival_check(
    layout: Layout, problem: Problem, state: dict[str, Any] | None = None
) -> ArrivalCheck:
    """Return what looks at data of this layout, from its beginning or from a former state."""
    wanted = Wanted(
        problem.schema, (*problem.truth_fields(),), problem.labelled, problem.split.field
    )
    if layout.format == "csv":
        return CsvCheck(wanted, layout.dialect, state)
    if layout.format == "ndjson":
        return NdjsonCheck(wanted, decimal=layout.decimal, state=state)
    return ParquetArrival(wanted, state)
