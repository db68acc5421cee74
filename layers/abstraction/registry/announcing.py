"""Saying that a service has a new configuration: an event in the log, and the plugins' hook."""

from __future__ import annotations

import structlog

from minerva.layers.abstraction.callbacks.tell import Tell
from minerva.layers.abstraction.registry.records import Configuration

log = structlog.get_logger()


def announce(configuration: Configuration, tell: Tell) -> None:
    """Log and tell a revision that was just added."""
    log.info(
        "service.declared",
        tenant=configuration.tenant,
        service=configuration.service,
        revision=configuration.revision,
        author=configuration.author,
        reason=configuration.reason,
    )
    tell("minerva_service_declared", configuration=configuration)
