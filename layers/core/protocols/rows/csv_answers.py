"""Answers as CSV: a row for each row, with columns that tell who answered, or why nobody did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.abstraction.serving.wishes import NONE, Wishes
from minerva.layers.core.protocols.rows.csv_table import cell, columns_of, flat, written
from minerva.layers.core.protocols.rows.judging import Judged
from minerva.layers.core.protocols.rows.told import Tally, in_order
from minerva.schema import Schema

VERSION, DEGRADED, ERROR = OWN = ("minerva_version", "minerva_degraded", "minerva_error")
"""Columns beside the answer's own: no schema is likely to have their names."""


class CsvAnswers:
    """Writes rows of one call; what a prediction lacks, such as a default's probabilities, is empty."""

    def __init__(self, schema: Schema, wishes: Wishes = NONE, delimiter: str = ",") -> None:
        self._columns = [*columns_of(schema, wishes), *OWN]
        self._delimiter = delimiter

    def begin(self) -> bytes:
        """See `Writer`."""
        return written([self._columns], self._delimiter)

    def some(self, judged: Judged, answer: Answer | None) -> bytes:
        """See `Writer`."""
        return self._rows(_told(judged, answer))

    def end(self, _tally: Tally, problem: Mapping[str, Any] | None = None) -> bytes:
        """See `Writer`."""
        if problem is None:
            return b""
        faults = [f"{one['where']}: {one['message']}" for one in problem.get("faults", ())]
        why = " ".join(filter(None, [problem.get("detail"), *faults]))
        return self._rows([{ERROR: f"The answer ends here: {problem['code']}. {why}".strip()}])

    def _rows(self, rows: Iterable[Mapping[str, Any]]) -> bytes:
        cells = ([cell(row.get(name)) for name in self._columns] for row in rows)
        return written(cells, self._delimiter)


def _told(judged: Judged, answer: Answer | None) -> Iterator[Mapping[str, Any]]:
    degraded = answer is not None and answer.degraded
    for number, found in in_order(judged, answer):
        if found is None:
            yield {ERROR: "; ".join(map(str, judged.wrong[number]))}
        else:
            yield flat(found[0]) | {VERSION: found[1], DEGRADED: degraded}
