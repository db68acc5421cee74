"""One call for many rows: each is answered in its place, some of them at a time.

The first rows decide the status. What ends the answer too early after that is told at its end, for the
status has been sent by then.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from minerva.errors import Fault, InvalidInput, MinervaError
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.abstraction.serving.wishes import Wishes
from minerva.layers.abstraction.uploads.checking import misfit
from minerva.layers.core.http.answering import answer_question
from minerva.layers.core.http.house import House
from minerva.layers.core.http.problems import told
from minerva.layers.core.protocols.rows.judging import Judged, judge
from minerva.layers.core.protocols.rows.row import Row, Rows
from minerva.layers.core.protocols.rows.told import Tally, Writer
from minerva.schema.decoder import MAX_FAULTS

log = structlog.get_logger(layer="core")

MOST_REFUSED = 1000
"""Where so many rows at the beginning do not fit, none of the others is looked at."""


@dataclass(frozen=True)
class BulkCall:
    """One call."""

    house: House
    tenant: str
    service: str
    reader: Rows
    writer: Writer
    wishes: Wishes
    tally: Tally = field(default_factory=Tally)

    def begun(self, come: Iterator[list[Row]]) -> bytes:
        """Return the answer to the first rows, whose errors still have a status of their own.

        Raises InvalidInput if none of them fits, and what answering raises.
        """
        content, faults = self.writer.begin(), []
        for rows in come:
            judged, some = self._some(rows)
            content += some
            if judged.question is not None:
                return content
            faults.extend(judged.faults)
            if self.tally.rows >= MOST_REFUSED:
                break
        raise misfit(faults[:MAX_FAULTS] or [Fault("", "has no rows; send at least one")])

    def stream(self, begun: bytes, rest: Iterable[list[Row]]) -> Iterator[bytes]:
        """Yield an answer that has begun, and at the end what went wrong, if anything did."""
        began, outcome = time.perf_counter(), "caller_gone"
        try:
            yield begun
            problem = None
            try:
                for rows in rest:
                    yield self._some(rows)[1]
            except MinervaError as error:
                problem = _problem(error)
            except Exception as error:
                log.error("request.failed", code="internal", exc_info=error)
                problem = {"code": "internal"}
            yield self.writer.end(self.tally, problem)
            outcome = "complete" if problem is None else problem["code"]
        finally:
            log.info(
                "prediction.streamed",
                service=self.service,
                outcome=outcome,
                rows=self.tally.rows,
                rejected=self.tally.rejected,
                degraded=self.tally.degraded,
                ms=round((time.perf_counter() - began) * 1000, 3),
            )

    def _some(self, rows: list[Row]) -> tuple[Judged, bytes]:
        """Return how some rows fit, and the answers to them; a row that is refused is left out."""
        refused: Mapping[int, Sequence[Fault]] = {}
        while True:
            began = time.perf_counter()
            live = self.house.live.find(self.tenant, self.service)
            judged = judge(self.reader, live.decoder, rows, refused)
            if judged.question is None:
                return judged, self._written(judged, None)
            try:
                return judged, self._asked(judged, judged.question, time.perf_counter() - began)
            except InvalidInput as error:
                refused = judged.blamed(self.reader, error)

    def _asked(self, judged: Judged, question: Question, read_s: float) -> bytes:
        written, _ = answer_question(
            self.house,
            self.tenant,
            self.service,
            question.wishing(self.wishes),
            lambda answered: self._written(judged, answered),
            read_s,
        )
        return written

    def _written(self, judged: Judged, answered: Answer | None) -> bytes:
        self.tally.add(judged, answered)
        return self.writer.some(judged, answered)


def _problem(error: MinervaError) -> dict[str, Any]:
    detail, faults = told(error)
    problem: dict[str, Any] = {"code": error.code, "detail": detail}
    if faults:
        problem["faults"] = [{"where": one.where, "message": one.message} for one in faults]
    return problem
