"""Calls of one service that came at one moment, asked of its model at once.

Nobody waits for that, and nothing has to be declared: it is done where each call gets the very answer
that it gets alone. Joining calls that come one after the other is another matter; see `joining`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from typing import NamedTuple, TypeVar

from minerva.layers.abstraction.serving.live_service import LiveService
from minerva.layers.abstraction.serving.question import Answer, Question
from minerva.schema import Batch

Result = TypeVar("Result")


class Call(NamedTuple):
    """A question, and where the ids of its request are known."""

    question: Question
    context: Context


class Came(NamedTuple):
    """What came of a call: its answer or what was raised, and how many seconds that took."""

    outcome: Answer | Exception
    seconds: float


def one_by_one(ask: Callable[[Question], Answer], calls: Sequence[Call]) -> list[Came]:
    """Return what comes of calls that are answered one after the other, each in its own context."""
    came = []
    for call in calls:
        began = time.perf_counter()
        outcome = caught(partial(call.context.run, ask, call.question))
        came.append(Came(outcome, time.perf_counter() - began))
    return came


def caught(work: Callable[[], Result]) -> Result | Exception:
    """Return what work returns or raises."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - raised again for whom it concerns
        return error


def only(results: Sequence[Result | Exception]) -> Result:
    """Return the one result. Raises it if it is an error."""
    (result,) = results
    if isinstance(result, Exception):
        raise result
    return result


def at_once(live: LiveService, calls: Sequence[Call]) -> list[Batch] | None:
    """Return the records of each call, None if the calls cannot be answered at once.

    They can where one version in this process answers all of them, without a deadline and a bound on the
    calls in progress, and answers so many records at once as it answers each.
    """
    loaded, serving = live.loaded, live.declaration.serving
    if (
        loaded is None
        or live.challenger is not None
        or live.shadow is not None
        or live.slots is not None
        or serving.deadline_ms is not None
    ):
        return None
    schema, batches = loaded.decoder.schema, []
    for call in calls:
        asked = call.question
        if asked.batch is None or asked.batch.schema is not schema:
            return None
        if asked.version is not None or asked.wishes:
            return None
        batches.append(asked.batch)
    return batches if loaded.answers_alike([len(batch) for batch in batches]) else None
