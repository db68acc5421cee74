"""Which rows fit a service, and what is wrong with the others, told by their places in the text."""

from __future__ import annotations

import re
import sys
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

_PLACE = re.compile(r"/(?:keys|records)/([0-9]{1,9})(/.*)?", re.DOTALL)


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
            raise misfit(self.faults[:MAX_FAULTS])
        if self.question is None:
            raise misfit([Fault("", "has no rows; send at least one")])
        return self.question

    @property
    def faults(self) -> list[Fault]:
        """What is wrong with the rows that do not fit."""
        return [fault for found in self.wrong.values() for fault in found]

    def blamed(self, reader: Rows, error: InvalidInput) -> dict[int, Sequence[Fault]]:
        """Return why rows do not fit, now that an answer to the question was refused.

        Raises the error if it blames anything else.
        """
        fit = [row.number for row in self.rows if row.number not in self.wrong]
        found: dict[int, list[Fault]] = {}
        for fault in error.faults:
            at, field = _placed(fault.where)
            if at >= len(fit):
                raise error
            where = reader.place(fit[at], field)
            found.setdefault(fit[at], []).append(Fault(where, fault.message))
        if not found:
            raise error
        return {**self.wrong, **found}


def judge(
    reader: Rows,
    decoder: Decoder,
    rows: Sequence[Row],
    refused: Mapping[int, Sequence[Fault]] | None = None,
) -> Judged:
    """Look at rows by the decoder that the service has now; either all ask by key, or none does.

    `refused` says of rows that were looked at before why they do not fit.
    """
    wrong = dict(refused or {})
    for row in rows:
        if row.wrong:
            wrong[row.number] = [Fault(reader.place(row.number), row.wrong)]
    whole = [row for row in rows if row.number not in wrong]
    if whole and whole[0].by_key:
        return Judged(rows, Question(None, [row.content for row in whole]), wrong)
    records = reader.records(decoder.schema, [row.content for row in whole])
    try:
        batches = [decoder.records(records)]
    except InvalidInput:
        batches, records = _one_by_one(reader, decoder, zip(whole, records, strict=True), wrong)
    question = None
    if records:
        question = Question(records, batch=concatenate(batches))
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


def _placed(where: str) -> tuple[int, str]:
    """Return which entry of a question a place such as `/keys/3/tenure` is in, and its field."""
    found = _PLACE.fullmatch(where)
    return (sys.maxsize, "") if found is None else (int(found[1]), _field(found[2] or ""))


def _field(where: str) -> str:
    """Return the field of a place such as `/0/tenure`, empty for the record as a whole."""
    return where.removeprefix("/0").removeprefix("/").replace("~1", "/").replace("~0", "~")
