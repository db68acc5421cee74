"""A question on its way through the house, the same for every protocol: predict, write, tell."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import structlog

from minerva.errors import MinervaError, NotFound
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.layers.core.http.house import House

log = structlog.get_logger(layer="core")

Written = TypeVar("Written")
Facts = dict[str, object]


def answer_question(
    house: House,
    tenant: str,
    service: str,
    question: Question,
    write: Callable[[Answer], Written],
    read_s: float = 0.0,
) -> tuple[Written, Facts]:
    """Return the answer as `write` puts it, and facts for the event that ends the request.

    `read_s` were needed to read the question. Raises what the predictor raises.
    """
    began = time.perf_counter()
    try:
        answered = house.predictor.predict(tenant, service, question)
    except NotFound:  # whatever names callers make up are no services to count
        raise
    except MinervaError:
        _failed(house, tenant, service, read_s + time.perf_counter() - began)
        raise
    predicted = time.perf_counter()
    written = write(answered)
    ended = time.perf_counter()
    log.info(
        "prediction.answered",
        service=service,
        version=answered.version,
        job_id=answered.job_id,
        rows=len(answered),
        degraded=answered.degraded,
        ms=round((read_s + ended - began) * 1000, 3),
    )
    times = (read_s, predicted - began, ended - predicted)
    house.statistics.answered((tenant, service, answered.version or ""), len(answered), times)
    return written, {"version": answered.version}


def body_of(service: str, answered: Answer, request_id: str) -> dict[str, Any]:
    """Return an answer as JSON tells it."""
    body: dict[str, Any] = {
        "predictions": answered.predictions,
        "service": service,
        "version": answered.version,
        "request_id": request_id,
        "degraded": answered.degraded,
    }
    if answered.versions is not None:
        body["versions"] = answered.versions
    return body


def _failed(house: House, tenant: str, service: str, seconds: float) -> None:
    """Count a failure for the version that serves."""
    with suppress(NotFound):
        version = house.live.find(tenant, service).version
        number = "" if version is None else str(version.number)
        house.statistics.failed((tenant, service, number), seconds)
