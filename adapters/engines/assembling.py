"""From what each task tells about its rows to what the job knows about all of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from minerva.adapters.engines.worker.block import Sample, Summary
from minerva.adapters.engines.worker.decoding import joined
from minerva.algorithm import TrainingData
from minerva.errors import Fault, InvalidData
from minerva.layers.abstraction.registry.manifest import canonical
from minerva.layers.abstraction.training.data import MIN_ROWS
from minerva.layers.abstraction.training.row_marks import LANES, RANGE, fingerprint
from minerva.schema import Batch, Schema

MOST_HELD_OUT = 100_000
"""More say no more about a version, and these come to the job's process; the others are learnt from."""
MOST_PROFILED = 100_000


@dataclass(frozen=True, eq=False)
class Assembled:
    """All rows, without most of them."""

    rows: int
    trained: int
    counts: Mapping[float, int]
    fingerprint: str
    held_out: TrainingData
    profiled: Batch


def held_below(share: float, rows: int) -> int:
    """Return below which draw a row is held out."""
    return int(min(share, MOST_HELD_OUT / max(rows, 1)) * RANGE)


def profiled_from(rows: int) -> int:
    """Return from which draw on a row is in the sample of training rows."""
    return max(RANGE - int(MOST_PROFILED / max(rows, 1) * RANGE), 0)


def assemble(summaries: Sequence[Summary], schema: Schema) -> Assembled:
    """Put the parts together. Raises InvalidData as local training does."""
    rows = sum(one.rows for one in summaries)
    trained = sum(one.trained for one in summaries)
    _check(summaries, schema, rows, trained)
    lanes = [sum(one.sums[lane] for one in summaries) % RANGE for lane in range(LANES)]
    counts: Counter[float] = Counter()
    for one in summaries:
        counts.update(one.counts)
    held_out = _in_order(joined([one.held_out for one in summaries]))
    profiled = _in_order(joined([one.profiled for one in summaries]))
    return Assembled(
        rows=rows,
        trained=trained,
        counts=dict(sorted(counts.items())),
        fingerprint=fingerprint(canonical(schema.to_json()), rows, lanes),
        held_out=TrainingData(_batch(held_out, schema), held_out.targets),
        profiled=_batch(profiled, schema),
    )


def _check(summaries: Sequence[Summary], schema: Schema, rows: int, trained: int) -> None:
    if rows < MIN_ROWS:
        raise InvalidData(f"The training data has {rows} rows; at least {MIN_ROWS} are needed.")
    name = schema.target()[0]
    filled = [one for one in summaries if one.rows]
    if min(one.lowest for one in filled) == max(one.highest for one in filled):
        raise InvalidData(
            f"Every row of the training data has the same {name!r}: there is nothing to learn.",
            faults=[Fault(f'column "{name}"', "holds one value only")],
        )
    if trained in {0, rows}:
        raise InvalidData(
            "An engine splits rows by their values, and there are too few different rows to hold some "
            "out: leave `engine` out."
        )


def _in_order(sample: Sample) -> Sample:
    """Return the sample in the order of its draws, which does not depend on where rows lay."""
    order = np.argsort(sample.draws, kind="stable")
    return Sample(
        {name: column[order] for name, column in sample.columns.items()},
        {name: column[order] for name, column in sample.targets.items()},
        sample.draws[order],
    )


def _batch(sample: Sample, schema: Schema) -> Batch:
    rows = len(sample.draws)
    return Batch(schema, sample.columns, rows, None if schema.key is None else [None] * rows)
