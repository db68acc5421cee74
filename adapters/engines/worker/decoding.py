"""Reading a piece by the schema, a few rows at a time: checked, split, and written to the worker's disk."""

from __future__ import annotations

import math
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minerva.adapters.engines.worker.block import TYPES, Block, Sample, Summary, new_folder
from minerva.adapters.engines.worker.piece import Piece
from minerva.errors import Fault, InvalidData, Unavailable
from minerva.layers.abstraction.problems.kind import refuse_missing_truth
from minerva.layers.abstraction.training.row_marks import (
    LANES,
    RANGE,
    chances,
    drawn,
    row_marks,
    sums,
)
from minerva.schema import Batch, FieldType, Schema
from minerva.schema.table import TableReader

if TYPE_CHECKING:
    import pandas as pd

CHUNK_VALUES = 500_000
"""How many values are decoded at once: 4 MB, and some times that with what leads to them."""
SPLIT, CHANCE = 1, 2
"""Purposes of a row's draws."""
CLASSES = (FieldType.CATEGORY, FieldType.BOOLEAN)


@dataclass(frozen=True)
class Decoding:
    """How pieces are decoded: the same for all."""

    schema: Mapping[str, Any]
    """As `Schema.to_json` returns it."""
    decimal: str
    seed: int
    held_below: int
    """A row whose draw is below this is held out."""
    profiled_from: int
    """A row whose draw is not below this is in the sample of training rows."""


def decode(piece: Piece, decoding: Decoding) -> tuple[Block, Summary]:
    """Read a piece; the block stays, the summary is for the job.

    Raises InvalidData with the piece in each fault, or Unavailable.
    """
    schema = Schema.parse(decoding.schema)
    writer = _Writer(schema, decoding)
    reader = TableReader(schema, decoding.decimal)
    row = piece.first_row
    try:
        with writer:
            for frame in piece.frames(max(CHUNK_VALUES // max(len(schema.features), 1), 1)):
                writer.add(*_decoded(reader, frame, row))
                row += len(frame)
    except InvalidData as error:
        faults = [Fault(f"{piece.name}, {fault.where}", fault.message) for fault in error.faults]
        raise InvalidData(error.message, faults=faults) from error
    except OSError as error:
        raise Unavailable(
            f"A Dask worker cannot write to its folder ({error.strerror}): free space there."
        ) from error
    return writer.block(), writer.summary()


def _decoded(
    reader: TableReader, frame: pd.DataFrame, row: int
) -> tuple[Batch, dict[str, NDArray[Any]]]:
    batch, targets = reader.batch(frame, row), reader.targets(frame, row)
    name, output = reader.schema.target()
    refuse_missing_truth(targets[name], name, output, row)
    return batch, targets


@dataclass
class _Writer:
    """Writes training rows, keeps samples and counts."""

    schema: Schema
    decoding: Decoding
    rows: int = 0
    trained: int = 0
    lanes: list[int] = field(default_factory=lambda: [0] * LANES)
    counts: Counter[float] = field(default_factory=Counter)
    lowest: float = math.nan
    highest: float = math.nan
    held_out: list[Sample] = field(default_factory=list)
    profiled: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._folder = new_folder()
        self._stack = ExitStack()
        self._files: dict[str, IO[bytes]] = {}

    def __enter__(self) -> None:
        self._files = {
            name: self._stack.enter_context((self._folder / name).open("wb")) for name in TYPES
        }

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        if error[0] is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, batch: Batch, targets: Mapping[str, NDArray[Any]]) -> None:
        """Take in some rows."""
        marks = row_marks([*batch.columns.values(), *targets.values()], len(batch))
        draws = drawn(marks, self.decoding.seed, SPLIT)
        held = draws < np.uint64(min(self.decoding.held_below, RANGE - 1))
        profiled = ~held & (draws >= np.uint64(self.decoding.profiled_from))
        self.held_out.append(_sample(batch, targets, draws, held))
        self.profiled.append(_sample(batch, targets, draws, profiled))
        chance = chances(drawn(marks, self.decoding.seed, CHANCE))
        self._write(batch, targets, chance, ~held)
        self._measure(targets[self.schema.target()[0]])
        self.rows += len(batch)
        self.lanes = [
            (here + more) % RANGE for here, more in zip(self.lanes, sums(marks), strict=True)
        ]

    def _measure(self, target: NDArray[Any]) -> None:
        if len(target):
            self.lowest = float(np.fmin(self.lowest, target.min()))
            self.highest = float(np.fmax(self.highest, target.max()))

    def _write(
        self,
        batch: Batch,
        targets: Mapping[str, NDArray[Any]],
        chance: NDArray[np.float64],
        trained: NDArray[np.bool_],
    ) -> None:
        name, output = self.schema.target()
        target = targets[name][trained].astype(np.float64)
        columns = {"matrix": batch.matrix()[trained], "target": target, "chance": chance[trained]}
        for part, values in columns.items():
            self._files[part].write(np.ascontiguousarray(values, TYPES[part]).data)
        self.trained += len(target)
        if output.type in CLASSES:
            values, counts = np.unique(target, return_counts=True)
            self.counts.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))

    def block(self) -> Block:
        """Return the training rows."""
        return Block(self._folder, len(self.schema.features), self.trained)

    def summary(self) -> Summary:
        """Return what is known about all rows."""
        return Summary(
            rows=self.rows,
            trained=self.trained,
            sums=tuple(self.lanes),
            counts=dict(self.counts),
            lowest=self.lowest,
            highest=self.highest,
            held_out=joined(self.held_out),
            profiled=joined(self.profiled),
        )


def joined(samples: list[Sample]) -> Sample:
    """Return samples of one schema as one; at least one is needed."""

    def together(parts: list[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    return Sample(
        together([one.columns for one in samples]),
        together([one.targets for one in samples]),
        np.concatenate([one.draws for one in samples]),
    )


def _sample(
    batch: Batch,
    targets: Mapping[str, NDArray[Any]],
    draws: NDArray[np.uint64],
    chosen: NDArray[np.bool_],
) -> Sample:
    return Sample(
        {name: column[chosen] for name, column in batch.columns.items()},
        {name: column[chosen] for name, column in targets.items()},
        draws[chosen],
    )
