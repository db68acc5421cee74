"""Entry point of a web worker: `create_application()` returns the WSGI application.

`minerva serve` calls it inside each worker; any other WSGI server may too.
"""

from __future__ import annotations

import atexit
import gc
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog

from minerva.bootstrap import Container, open_web, workspace_from
from minerva.layers.abstraction.serving.watcher import Watcher
from minerva.layers.core.http.app import create_app
from minerva.layers.core.http.house import House
from minerva.layers.core.http.incoming import Gates
from minerva.layers.core.telemetry.logging import configure_gathered
from minerva.settings import Loaded, load

if TYPE_CHECKING:
    from flask import Flask

log = structlog.get_logger(layer="core")

START_PATIENCE_S = 10.0
"""How long a web worker that starts waits for the versions that it shall serve."""
GARBAGE = (20_000, 20, 20)
"""Python looks for garbage when so many more objects came than went; its 700 are one moment's requests."""


def create_application() -> Flask:
    """Return the application of the workspace and settings that the environment names.

    Raises InvalidConfiguration. What it opens is closed when the process ends.
    """
    gc.disable()  # what is made until the end of this stays
    try:
        app = _opened(load(workspace_from(os.environ), os.environ))
        gc.set_threshold(*GARBAGE)
        gc.freeze()  # looking through it again and again would stop all answers
    finally:
        gc.enable()
    return app


def _opened(loaded: Loaded) -> Flask:
    opened = ExitStack()
    atexit.register(opened.close)
    lines = configure_gathered(loaded.log_folder, "web", loaded.settings.log_level)
    opened.callback(lines.close)
    container = opened.enter_context(open_web(loaded))
    _look_once(container)
    watcher = Watcher(container.look, loaded.settings.poll_interval_s)
    opened.callback(watcher.stop)
    watcher.start()
    return create_app(house_of(container, loaded))


def house_of(container: Container, loaded: Loaded) -> House:
    """Return what the web interface needs of a container."""
    settings = loaded.settings
    return House(
        live=container.live,
        predictor=container.predictor,
        registry=container.registry,
        jobs=container.jobs,
        uploads=container.uploads,
        upcoming=container.offline.upcoming,
        webhooks=container.webhooks,
        tunings=container.offline.tuning.tunings,
        proposals=container.offline.tuning.proposals,
        revisions=container.offline.revisions,
        monitoring=container.monitoring,
        keyring=container.keyring,
        max_body_bytes=settings.max_body_bytes,
        max_records=settings.max_records,
        request_id_header=settings.request_id_header,
        default_service=settings.default_service,
        auth_required=settings.auth != "none",
        local_only=loaded.local_only,
        max_streams=max(1, settings.web_threads // 2),
        gates=Gates(max(1, settings.web_threads // 2)),
    )


def _look_once(container: Container) -> None:
    """Load before the first request is taken; what fails is tried again by the watcher.

    What takes longer must not keep the other services waiting: it is not ready, and arrives later.
    """
    try:
        container.look()
        container.live.refresh(START_PATIENCE_S)
    except Exception:
        log.exception("web.started_unready")
