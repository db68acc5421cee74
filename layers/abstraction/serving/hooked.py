"""Predicting with plugins around it: what completes the records before, what looks on after."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import structlog

from minerva.errors import MinervaError, NotFound
from minerva.events import PredictCall, PredictOutcome
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.abstraction.serving.together import Call, Came, one_by_one
from minerva.schema.columns import Columns, LateRecords

BEFORE, AFTER = "minerva_before_predict", "minerva_after_predict"


class PredictHooks(Protocol):
    """What plugins want to hear of predictions; see `callbacks.Callbacks`."""

    def wants(self, hook: str) -> bool:
        """Tell whether any plugin has this hook; costs next to nothing."""

    def enrich(self, call: PredictCall) -> Sequence[Any]:
        """Return the call's records as plugins complete them; never raises."""

    def answered(self, call: PredictCall, outcome: PredictOutcome) -> None:
        """Tell plugins of an answered call, in the background."""


class Predicts(Protocol):
    """What answers; see `predict.Predictor`."""

    def predict(
        self, tenant: str, service: str, question: Question, *, spent_s: float = 0.0
    ) -> Answer:
        """Answer. `spent_s` of the service's deadline have passed already."""

    def together(self, tenant: str, service: str, calls: Sequence[Call]) -> Sequence[Came]:
        """Answer calls that came at one moment, each as `predict` does."""


class Understands(Predicts, Protocol):
    """What answers, and tells what columns mean; see `predict.Predictor`."""

    def records_of(self, tenant: str, service: str, columns: Columns) -> list[dict[str, Any]]:
        """Return the JSON records that columns stand for. Raises NotFound."""


@dataclass(frozen=True)
class HookedPredictor:
    """Answers as `inner` does, and lets plugins take part."""

    inner: Understands
    hooks: PredictHooks

    def predict(
        self, tenant: str, service: str, question: Question, *, spent_s: float = 0.0
    ) -> Answer:
        """See `Predictor.predict`; what plugins do wrong changes neither answer nor error."""
        before, after = self.hooks.wants(BEFORE), self.hooks.wants(AFTER)
        if not before and not after:
            return self.inner.predict(tenant, service, question, spent_s=spent_s)
        started_at = time.perf_counter()
        call = _call(tenant, service, self._records(tenant, service, question))
        if before and question.keys is None:
            question = replace(question, records=self.hooks.enrich(call), columns=None, batch=None)
        spent_s += time.perf_counter() - started_at if before else 0.0
        try:
            answer = self.inner.predict(tenant, service, question, spent_s=spent_s)
        except MinervaError as error:
            if after:
                self._tell(call, error, time.perf_counter() - started_at)
            raise
        if after:
            self._tell(call, answer, time.perf_counter() - started_at)
        return answer

    def together(self, tenant: str, service: str, calls: Sequence[Call]) -> Sequence[Came]:
        """See `Predictor.together`; plugins complete each call's records by themselves."""
        if self.hooks.wants(BEFORE):
            return one_by_one(partial(self.predict, tenant, service), calls)
        came = self.inner.together(tenant, service, calls)
        if self.hooks.wants(AFTER):
            for one, what in zip(calls, came, strict=True):
                call = one.context.run(
                    _call, tenant, service, self._records(tenant, service, one.question)
                )
                self._tell(call, what.outcome, what.seconds)
        return came

    def _records(self, tenant: str, service: str, question: Question) -> Sequence[Any]:
        """Return the records as plugins see them; those of columns are made when one looks."""
        columns = question.columns
        if columns is None:
            return question.records or ()
        return LateRecords(len(question), lambda: self.inner.records_of(tenant, service, columns))

    def _tell(self, call: PredictCall, came: Answer | Exception, seconds: float) -> None:
        """Tell plugins what came of a call; whatever names callers make up are no services to tell of."""
        if isinstance(came, Answer):
            self.hooks.answered(call, _outcome(came, seconds))
        elif isinstance(came, MinervaError) and not isinstance(came, NotFound):
            self.hooks.answered(call, PredictOutcome(code=came.code, seconds=seconds))


def _call(tenant: str, service: str, records: Sequence[Any]) -> PredictCall:
    known = structlog.contextvars.get_contextvars()
    return PredictCall(
        tenant=tenant, service=service, records=records, request_id=known.get("request_id", "")
    )


def _outcome(answer: Answer, seconds: float) -> PredictOutcome:
    return PredictOutcome(
        version=None if answer.degraded else answer.version,
        predictions=LateRecords(len(answer), lambda: answer.predictions),
        degraded=answer.degraded,
        code=answer.code,
        seconds=seconds,
    )
