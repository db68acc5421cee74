"""The composition root: turns settings into the parts of a process, wired together once.

Every entry point opens what it needs: `open_web`, `open_worker`, `open_job`, `open_control`. Nothing
else in Minerva knows which adapter stands behind a port.
"""

from minerva.bootstrap.container import Container
from minerva.bootstrap.opening import (
    PRELOADED,
    STORES,
    open_control,
    open_job,
    open_web,
    open_worker,
    preload,
    workspace_from,
)

__all__ = [
    "PRELOADED",
    "STORES",
    "Container",
    "open_control",
    "open_job",
    "open_web",
    "open_worker",
    "preload",
    "workspace_from",
]
