"""Keeping one schedule's failure from the others'."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from minerva.errors import MinervaError
from minerva.layers.abstraction.schedules.schedule import Declared

log = structlog.get_logger()


@contextmanager
def alone(declared: Declared) -> Iterator[None]:
    """Log what fails, and go on; the next tick tries again."""
    try:
        yield
    except MinervaError as error:
        log.warning("schedule.not_started", reason=error.message, **named(declared))
    except Exception:  # a plugin's kind of job or a database's driver may raise anything
        log.exception("schedule.broken", **named(declared))


def named(declared: Declared) -> dict[str, str]:
    """Return what the log names a schedule by."""
    return {"tenant": declared.tenant, "service": declared.service, "schedule": declared.name}
