"""The Celery application: configured here in full, whatever the environment says to Celery."""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import setup_logging

RUN_JOB = "minerva.run_job"
FILESYSTEM = "filesystem://"

CONNECT_TIMEOUT_S = 1
ANSWER_TIMEOUT_S = 1.5
AMQP_TIMEOUT_S = 0.8
"""A broker that hangs is waited for three times: its word, the channel's end and the connection's."""
POLLING_INTERVAL_S = 0.1


class MinervaCelery(Celery):
    """Celery that uses its own broker even where `CELERY_BROKER_URL` or `CELERY_RESULT_BACKEND` is set.

    A sidecar shares environments with its legacy application, which may use Celery itself.
    """

    backend_cls = "disabled"
    own_broker_url: str

    def connection_for_read(self, url: str | None = None, **kwargs: Any) -> Any:
        """Return a connection that receives."""
        return super().connection_for_read(url or self.own_broker_url, **kwargs)

    def connection_for_write(self, url: str | None = None, **kwargs: Any) -> Any:
        """Return a connection that sends."""
        return super().connection_for_write(url or self.own_broker_url, **kwargs)


def make_celery(broker_url: str, release: str = "") -> Celery:
    """Return an application for `filesystem://<folder>`, `redis://…`, `amqp://…` or `memory://`.

    Nothing is connected or created yet. `release`: whose keys they are, in a Redis that others share.
    """
    setup_logging.connect(_leave_logging_alone, dispatch_uid="minerva.queue")
    app = MinervaCelery("minerva", set_as_current=False)
    app.conf.update(**_configuration(), **_broker(broker_url, release))
    app.own_broker_url = app.conf["broker_url"]
    return app


def _leave_logging_alone(**_: Any) -> None:
    """Take the place of Celery's own logging set-up: the process has one already."""


def _configuration() -> dict[str, Any]:
    return {
        "accept_content": ["json"],
        "task_serializer": "json",
        "enable_utc": True,
        "timezone": "UTC",
        "task_ignore_result": True,
        "result_expires": None,
        "task_acks_late": False,  # the database row is the truth; a lost message is sent again
        "task_publish_retry": False,  # the sweeper retries; a caller waits for an answer
        "worker_prefetch_multiplier": 1,
        # Means nothing without late acknowledgement; unset, a lost connection raises a warning.
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        # Would be raised again after a lost connection by the threads that run jobs, while the consumer's
        # own thread reads the same socket: whichever loses waits for an answer that the other one took.
        "worker_enable_prefetch_count_reduction": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_send_task_events": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # a worker outlives any absence of its broker
        "broker_connection_timeout": CONNECT_TIMEOUT_S,
        "broker_pool_acquire_timeout": CONNECT_TIMEOUT_S,
    }


def _broker(url: str, release: str) -> dict[str, Any]:
    if url.startswith(FILESYSTEM):
        return {
            "broker_url": f"{FILESYSTEM}localhost//",  # the folder is an option, kombu wants a host
            "broker_transport": "minerva.adapters.queue.filesystem:Transport",
            "broker_transport_options": {
                "folder": url.removeprefix(FILESYSTEM),
                "polling_interval": POLLING_INTERVAL_S,
            }
            | _no_retries(),
            "worker_enable_remote_control": False,  # the folder has no fanout
        }
    if url.startswith("memory://"):
        options: dict[str, Any] = {"polling_interval": POLLING_INTERVAL_S}
    elif url.startswith(("redis", "sentinel", "unix", "socket")):
        options = {
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
            "socket_timeout": ANSWER_TIMEOUT_S,
            "retry_on_timeout": False,
        } | ({"global_keyprefix": f"{release}:"} if release else {})
    else:
        options = _amqp() if url.startswith("amqp") else {}
    return {"broker_url": url, "broker_transport_options": options | _no_retries()}


def _amqp() -> dict[str, Any]:
    """Wait for the broker's word that it has a message: without it a broker that hangs looks well."""
    return {"read_timeout": AMQP_TIMEOUT_S, "confirm_publish": True}


def _no_retries() -> dict[str, Any]:
    """Keep a sender from waiting: kombu's default is to try for ever."""
    return {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
