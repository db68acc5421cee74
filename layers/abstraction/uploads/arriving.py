"""Looking at an upload from where it was left: by another call, or by a process that was killed."""

from __future__ import annotations

from dataclasses import dataclass

from minerva.layers.abstraction.uploads.checking import ArrivalCheck
from minerva.layers.abstraction.uploads.layout import Layout, arrival_check
from minerva.layers.abstraction.uploads.store import Tail
from minerva.schema import Schema


@dataclass
class Arriving:
    """What comes to one tail, and the check that has seen the first `seen` bytes of it."""

    tail: Tail
    check: ArrivalCheck
    seen: int

    @classmethod
    def at(cls, tail: Tail, layout: Layout, schema: Schema) -> Arriving:
        """Take up the check where its kept state ends. Raises as `ArrivalCheck.feed`."""
        kept = tail.read_state()
        if kept is None or kept["seen"] > tail.size:
            arriving = cls(tail, arrival_check(layout, schema), 0)
        else:
            arriving = cls(tail, arrival_check(layout, schema, kept["check"]), kept["seen"])
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
