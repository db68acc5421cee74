"""Opening the parts of the house for a command at the terminal, with its log beside its answer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from minerva.bootstrap import Container
    from minerva.settings import Loaded


@contextmanager
def control(loaded: Loaded) -> Iterator[Container]:
    """Open the workspace's stores and use cases; the database is migrated."""
    from minerva.bootstrap import open_control

    log_beside(loaded)
    with open_control(loaded) as container:
        yield container


def log_beside(loaded: Loaded) -> None:
    """Log to the shared folder; where there is none, warnings go to stderr: stdout is the answer's."""
    if loaded.log_folder is not None:
        log_as(loaded, "cli")
        return
    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger("warning"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def log_as(loaded: Loaded, component: Literal["web", "worker", "beat", "cli", "up"]) -> Any:
    """Configure this process's log."""
    from minerva.layers.core.telemetry.logging import configure

    return configure(loaded.log_folder, component, loaded.settings.log_level)
