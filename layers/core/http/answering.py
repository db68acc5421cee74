"""A question on its way through the house, the same for every protocol: predict, write, tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import structlog

from minerva.errors import NotFound
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.abstraction.serving.together import Call, Came, caught, only
from minerva.layers.core.http.house import House

log = structlog.get_logger(layer="core")

Written = TypeVar("Written")
Facts = dict[str, object]
Write = Callable[[Answer], Written]


class Pending(NamedTuple, Generic[Written]):
    """A question that waits for its answer, with what puts that into words."""

    question: Question
    write: Write[Written]
    context: Context
    """Where the ids of its request are known."""
    read_s: float = 0.0
    """So long it took to read the question."""


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
    pending = Pending(question, write, copy_context(), read_s)
    return only(answer_questions(house, tenant, service, [pending]))


def answer_questions(
    house: House, tenant: str, service: str, pending: Sequence[Pending[Written]]
) -> list[tuple[Written, Facts] | Exception]:
    """Return what `answer_question` returns or raises for each question of one moment."""
    calls = [Call(one.question, one.context) for one in pending]
    came = house.predictor.together(tenant, service, calls)
    return [
        caught(partial(one.context.run, _told, house, tenant, service, one, what))
        for one, what in zip(pending, came, strict=True)
    ]


def _told(
    house: House, tenant: str, service: str, pending: Pending[Written], came: Came
) -> tuple[Written, Facts]:
    """Write an answer, log and count it; raise what was raised."""
    answered = came.outcome
    if isinstance(answered, Exception):
        _failed(house, tenant, service, answered, pending.read_s + came.seconds)
        raise answered
    began = time.perf_counter()
    written = pending.write(answered)
    times = (pending.read_s, came.seconds, time.perf_counter() - began)
    log.info(
        "prediction.answered",
        service=service,
        version=answered.version,
        job_id=answered.job_id,
        rows=len(answered),
        degraded=answered.degraded,
        ms=round(sum(times) * 1000, 3),
    )
    house.statistics.answered((tenant, service, answered.version or ""), len(answered), times)
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


def _failed(house: House, tenant: str, service: str, error: Exception, seconds: float) -> None:
    """Count a failure for the version that serves; whatever names callers make up are no services."""
    if isinstance(error, NotFound):
        return
    with suppress(NotFound):
        version = house.live.find(tenant, service).version
        number = "" if version is None else str(version.number)
        house.statistics.failed((tenant, service, number), seconds)
