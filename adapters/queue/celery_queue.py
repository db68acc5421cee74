"""JobQueue on Celery: carries ids, tells at once when the broker is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minerva.adapters.queue.celery_app import RUN_JOB
from minerva.errors import Unavailable

if TYPE_CHECKING:
    from celery import Celery


class CeleryQueue:
    """Sends job ids through a broker. At least once, at most a few times, in no certain order."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send(self, job_id: str, queue: str) -> None:
        """Wake a worker for a job of a queue. Raises Unavailable within about two seconds."""
        try:
            try:
                self._send(job_id, queue)
            except self._broker_errors() as error:
                if not _was_cut(error):
                    raise
                self._send(
                    job_id, queue
                )  # by another connection: the broker has started anew since
        except self._broker_errors() as error:
            raise Unavailable(
                f"The queue cannot be reached ({_reason(error)}): look at queue_url and its "
                "broker; the job stays queued and is sent again."
            ) from error

    def _send(self, job_id: str, queue: str) -> None:
        self._app.send_task(
            RUN_JOB, args=[job_id, str(queue)], queue=str(queue), ignore_result=True, retry=False
        )

    def _broker_errors(self) -> tuple[type[Exception], ...]:
        from kombu.exceptions import KombuError

        connection = self._app.connection_for_write()
        driver: list[type[Exception]] = [*connection.connection_errors, *connection.channel_errors]
        return (KombuError, OSError, *driver)


def _was_cut(error: BaseException) -> bool:
    """Whether a connection ended that was there: nothing answered yet, and nobody waited."""
    return isinstance(_root(error), ConnectionResetError | BrokenPipeError)


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _reason(error: BaseException) -> str:
    """Name an error by its kind, as its text may hold an address with a password."""
    error = _root(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
