"""A question on its way through the house, the same for every protocol: predict, write, tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import structlog

from minerva.errors import MinervaError, NotFound
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.abstraction.serving.together import Call, Came, caught
from minerva.layers.core.http.house import House

log = structlog.get_logger(layer="core")

Written = TypeVar("Written")
Facts = dict[str, object]
Write = Callable[[Answer], Written]


def answer_question(
    house: House,
    tenant: str,
    service: str,
    question: Question,
    write: Write[Written],
    read_s: float = 0.0,
) -> tuple[Written, Facts]:
    """Return the answer as `write` puts it, and facts for the event that ends the request.

    `read_s` were needed to read the question. Raises what the predictor raises.
    """
    began = time.perf_counter()
    try:
        answered = house.predictor.predict(tenant, service, question)
    except MinervaError as error:
        failed(house, tenant, service, error, read_s + time.perf_counter() - began)
        raise
    return told(house, tenant, answered, write, (read_s, time.perf_counter() - began))


@dataclass(frozen=True, slots=True)
class Asked(Generic[Written]):
    """A question of several that came at one moment; the rest as for `answer_question`."""

    question: Question
    write: Write[Written]
    context: Context
    read_s: float = 0.0


def answer_questions(
    house: House, tenant: str, service: str, asked: Sequence[Asked[Written]]
) -> list[tuple[Written, Facts] | Exception]:
    """Return for each question what `answer_question` does, or raises."""
    calls = [Call(one.question, one.context) for one in asked]
    came = house.predictor.together(tenant, service, calls)

    def outcome(one: Asked[Written], came: Came) -> tuple[Written, Facts]:
        if isinstance(came.outcome, Exception):
            failed(house, tenant, service, came.outcome, one.read_s + came.seconds)
            raise came.outcome
        return told(house, tenant, came.outcome, one.write, (one.read_s, came.seconds))

    return [
        caught(partial(one.context.run, outcome, one, what))
        for one, what in zip(asked, came, strict=True)
    ]


def told(
    house: House,
    tenant: str,
    answered: Answer,
    write: Write[Written],
    times: tuple[float, float],
) -> tuple[Written, Facts]:
    """Return an answer as `answer_question` does; reading the question and predicting took `times`."""
    predicted = time.perf_counter()
    written = write(answered)
    stages = (*times, time.perf_counter() - predicted)
    log.info(
        "prediction.answered",
        service=answered.service,
        version=answered.version,
        job_id=answered.job_id,
        rows=len(answered),
        degraded=answered.degraded,
        ms=round(sum(stages) * 1000, 3),
    )
    name = (tenant, answered.service, answered.version or "")
    house.statistics.answered(name, len(answered), stages)
    return written, {"version": answered.version}


def body_of(service: str, answered: Answer, request_id: str) -> dict[str, Any]:
    """Return an answer as JSON tells it."""
    body: dict[str, Any] = {
        "predictions": answered.objects,
        "service": service,
        "version": answered.version,
        "request_id": request_id,
        "degraded": answered.degraded,
    }
    if answered.versions is not None:
        body["versions"] = answered.versions
    return body


def failed(house: House, tenant: str, service: str, error: Exception, seconds: float) -> None:
    """Count a failure for the version that serves; whatever names callers make up are no services."""
    if isinstance(error, NotFound):
        return
    with suppress(NotFound):
        version = house.live.find(tenant, service).version
        number = "" if version is None else str(version.number)
        house.statistics.failed((tenant, service, number), seconds)
