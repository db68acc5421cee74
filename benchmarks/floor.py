"""The floor: the web server of `minerva serve`, configured alike, around an application that does nothing.

Started by `servers.py`; reads MINERVA_WORKSPACE and MINERVA_PORT as `minerva serve` does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from minerva.bootstrap import workspace_from
from minerva.layers.core.processes.gunicorn import serve, web_options
from minerva.settings import load


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Read the body and answer `{}`."""
    environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
    return [b"{}"]


if __name__ == "__main__":
    serve(lambda: application, web_options(load(workspace_from(os.environ), os.environ)))
