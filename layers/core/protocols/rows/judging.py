"""Which rows fit a service, and what is wrong with the others, told by their places in the text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.serving.question import Question
from minerva.layers.abstraction.uploads.checking import misfit
from minerva.layers.core.protocols.rows.row import Row, Rows
from minerva.schema import Batch, Decoder
from minerva.schema.batch import concatenate
from minerva.schema.decoder import MAX_FAULTS


@dataclass(frozen=True)
class Judged:
    """Some rows, looked at."""

    rows: Sequence[Row]
    question: Question | None
    """What those ask that fit; None if none does."""
    wrong: Mapping[int, Sequence[Fault]]
    """Number of a row → why it does not fit."""

    def demand_all(self) -> Question:
        """Return the question of all rows. Raises InvalidInput if one does not fit, or there is none."""
        if self.wrong:
            faults = [fault for found in self.wrong.values() for fault in found]
            raise misfit(faults[:MAX_FAULTS])
        if self.question is None:
            raise misfit([Fault("", "has no rows; send at least one")])
        return self.question


def judge(reader: Rows, decoder: Decoder, rows: Sequence[Row], *, explain: bool = False) -> Judged:
    """Look at rows by the decoder that the service has now."""
    wrong: dict[int, Sequence[Fault]] = {
        row.number: [Fault(reader.place(row.number), row.wrong)] for row in rows if row.wrong
    }
    whole = [row for row in rows if not row.wrong]
    records = reader.records(decoder.schema, [row.content for row in whole])
    try:
        batches = [decoder.records(records)]
    except InvalidInput:
        batches, records = _one_by_one(reader, decoder, zip(whole, records, strict=True), wrong)
    question = None
    if records:
        question = Question(records, batch=concatenate(batches), explain=explain)
    return Judged(rows, question, wrong)


def _one_by_one(
    reader: Rows,
    decoder: Decoder,
    rows: Iterable[tuple[Row, Any]],
    wrong: dict[int, Sequence[Fault]],
) -> tuple[list[Batch], list[Any]]:
    """Return what fits; add to `wrong` what does not."""
    batches, records = [], []
    for row, record in rows:
        try:
            batches.append(decoder.records([record], where=""))
            records.append(record)
        except InvalidInput as error:
            wrong[row.number] = [
                Fault(reader.place(row.number, _field(fault.where)), fault.message)
                for fault in error.faults
            ]
    return batches, records


def _field(where: str) -> str:
    """Return the field of a place such as `/0/tenure`, empty for the record as a whole."""
    return where.removeprefix("/0").removeprefix("/").replace("~1", "/").replace("~0", "~")
