"""The composition root: turns settings into the parts of a process, wired together once.

Every entry point opens what it needs: `open_web`, `open_worker`, `open_job`, `open_control`. Nothing
else in Minerva knows which adapter stands behind a port.
"""

from minerva.bootstrap.container import Container
from minerva.bootstrap.keys import ensure_keys, make_keys
from minerva.bootstrap.opening import (
    PRELOADED,
    STORES,
    migrate_database,
    open_control,
    open_job,
    open_stores,
    open_web,
    open_worker,
    preload,
    workspace_from,
)

__all__ = [
    "PRELOADED",
    "STORES",
    "Container",
    "ensure_keys",
    "make_keys",
    "migrate_database",
    "open_control",
    "open_job",
    "open_stores",
    "open_web",
    "open_worker",
    "preload",
    "workspace_from",
]
