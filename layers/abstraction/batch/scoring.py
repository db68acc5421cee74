"""Scoring a part of an input: read, decode, ask the model, encode, keep; chunk by chunk, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minerva.algorithm import Model, Predictions, Progress
from minerva.errors import AlgorithmFailed, MinervaError
from minerva.layers.abstraction.batch.decoding import ChunkDecoder, Decoded
from minerva.layers.abstraction.batch.encoding import answer_columns
from minerva.layers.abstraction.batch.ports import Inputs, Plan, Slice, Source, Staging
from minerva.layers.abstraction.batch.position import left, resume
from minerva.layers.abstraction.batch.rejects import rejected
from minerva.layers.abstraction.formats.chunk import Read
from minerva.layers.abstraction.formats.values import cell_values
from minerva.schema import Batch, Schema

AT_ONCE = 8192
"""Rows that a model is asked at a time: few enough to stay in the processor's cache."""


@dataclass(frozen=True)
class Scorer:
    """Scores parts of one plan by one model."""

    schema: Schema
    model: Model
    inputs: Inputs
    staging: Staging
    plan: Plan
    needs_key: bool = False
    """Whether a row without a key is rejected: a table is written by key."""

    def score(self, part: int, progress: Progress) -> None:
        """Score what of a part is not kept yet."""
        slices = self.plan.parts[part]
        begin = resume(slices, list(self.staging.chunks(part)))
        length = sum(one.end - one.start for one in slices) or 1
        chunk = begin.chunk
        for position, start, number in left(slices, begin):
            behind = sum(one.end - one.start for one in slices[:position])
            for read, decoded in self._decoded(slices[position], start, number):
                self._keep(part, chunk, position, read, decoded)
                chunk += 1
                done = behind + read.next - slices[position].start
                progress(done / length, f"scoring, {done / length:.0%}")

    def _decoded(self, rows: Slice, start: int, number: int) -> Iterator[tuple[Read, Decoded]]:
        source = self.plan.sources[rows.source]
        decoder = decoder_of(source, self.schema, needs_key=self.needs_key)
        for read in self.inputs.read(source, rows, start, number, self.schema):
            yield read, decoder.decode(read.rows)

    def _keep(self, part: int, chunk: int, position: int, read: Read, decoded: Decoded) -> None:
        batch = decoded.batch
        answer = None
        if len(batch):
            outputs = ask(self.model, batch)
            answer = answer_columns(self.schema, outputs, len(batch), decoded.keys)
        rejects = len({fault.row for fault in decoded.faults})
        source = self.plan.sources[self.plan.parts[part][position].source]
        name = source.file.rpartition("/")[2]
        facts = {
            "slice": position,
            "next": read.next,
            "number": read.number,
            "rows": len(batch) + rejects,
            "rejects": rejects,
            "first": [_told(name, decoded)] if rejects else [],
        }
        self.staging.keep(part, chunk, answer, rejected(name, decoded.faults), facts)


def decoder_of(source: Source, schema: Schema, *, needs_key: bool = False) -> ChunkDecoder:
    """Return what decodes a source."""
    if source.form == "csv":
        decimal = source.dialect.decimal
        plain = cell_values(schema, decimal)
        return ChunkDecoder(schema, plain, text_numbers=decimal == ".", needs_key=needs_key)
    return ChunkDecoder(schema, null_is_vague=source.form == "ndjson", needs_key=needs_key)


def ask(model: Model, batch: Batch) -> Predictions:
    """Return a model's outputs. Raises AlgorithmFailed."""
    try:
        answers = [model.predict(piece) for piece in _pieces(batch)]
    except (MinervaError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise AlgorithmFailed(
            f"The model failed ({type(error).__name__}); the job's log says where."
        ) from error
    if len(answers) == 1:
        return answers[0]
    return {name: np.concatenate([one[name] for one in answers]) for name in answers[0]}


def _pieces(batch: Batch) -> Iterator[Batch]:
    for start in range(0, len(batch), AT_ONCE):
        end = min(start + AT_ONCE, len(batch))
        columns = {name: column[start:end] for name, column in batch.columns.items()}
        keys = None if batch.keys is None else batch.keys[start:end]
        yield Batch(batch.schema, columns, end - start, keys)


def _told(file: str, decoded: Decoded) -> dict[str, str]:
    fault = decoded.faults[0]
    where = f"{file}:{fault.row}" + (f" {fault.field}" if fault.field else "")
    return {"where": where, "message": fault.message}
