"""Predictions past the web framework, where a request is as most are.

A framework's routing, request and response objects cost several times what a small model's answer does.
So a request that is wholly usual is answered here, by the same functions that its view calls: who may
call, what is asked, the answer, the headers, the events. Whatever is not usual (no key, another content
type, a body that does not fit, an error on the way) goes to the framework, which is where all that is
decided and told: nothing is refused here.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from minerva.errors import MinervaError
from minerva.layers.core.http.access import admit
from minerva.layers.core.http.codings import SMALLEST, encode
from minerva.layers.core.http.json_answers import JSON
from minerva.layers.core.http.requests import begin, finished, framing

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState

    from minerva.layers.abstraction.serving.question import Question
    from minerva.layers.core.http.house import House

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

FAILURE = "minerva.failure"
"""In the environment of a request that failed here: the error that its view raises."""


class Usual(Protocol):
    """What a route does with requests that are wholly usual."""

    def read(self, tenant: str, service: str, body: bytes) -> Question | None:
        """Return what a JSON body asks, None if it is not wholly usual."""

    def answer(
        self, tenant: str, service: str, question: Question, request_id: str
    ) -> tuple[bytes, dict[str, object]]:
        """Return the answer's JSON, and facts for the event that ends the request."""


@dataclass(frozen=True)
class Shortcut:
    """A way past `framework` for one route whose one parameter is `<service>`."""

    framework: Application
    house: House
    route: str
    view: Callable[..., Any]
    """The route's view: its mark says who may call."""
    usual: Usual

    def __post_init__(self) -> None:
        """Take the route apart."""
        before, _, after = self.route.partition("<service>")
        object.__setattr__(self, "_ends", (before, after, len(before), -len(after)))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Satisfy WSGI."""
        service = self._service(environ)
        content = None if service is None else self._answer(environ, service)
        if content is None:
            return self.framework(environ, start_response)
        headers = framing(environ, self.house.request_id_header)
        headers["Content-Type"] = JSON
        if len(content) >= SMALLEST:
            content, coded = encode(content, environ.get("HTTP_ACCEPT_ENCODING"))
            headers |= coded
        headers["Content-Length"] = str(len(content))
        start_response("200 OK", list(headers.items()))
        return (content,)

    def _service(self, environ: Environ) -> str | None:
        """Return which service is asked, None if the request is another one or unusual."""
        before, after, start, end = self._ends  # type: ignore[attr-defined]
        path: str = environ["PATH_INFO"]
        if not path.startswith(before) or not path.endswith(after):
            return None
        usual = (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE") == JSON
            and "HTTP_CONTENT_ENCODING" not in environ
            and environ.get("CONTENT_LENGTH", "").isdecimal()
            and 0 < int(environ["CONTENT_LENGTH"]) <= self.house.max_body_bytes
        )
        service = path[start:end]
        return service if usual and service and "/" not in service else None

    def _answer(self, environ: Environ, service: str) -> bytes | None:
        started_at = time.perf_counter()
        trace = begin(environ, self.house.request_id_header, service)
        try:
            tenant = admit(environ, self.house, self.view).tenant
        except MinervaError:
            return None
        try:
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        except OSError:  # it breaks off for the framework, too
            return None
        question = self.usual.read(tenant, service, body)
        if question is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return None
        try:
            content, facts = self.usual.answer(tenant, service, question, trace.request_id)
        except Exception as error:  # noqa: BLE001 - the framework tells of it, whatever it is
            environ[FAILURE] = error
            return None
        finished("POST", self.route, 200, started_at, facts)
        return content


def shortcut(house: House, route: str, view: Callable[..., Any], usual: Usual) -> Any:
    """Return what a blueprint records so that its application has the shortcut."""

    def lay(state: BlueprintSetupState) -> None:
        app: Any = state.app
        app.wsgi_app = Shortcut(app.wsgi_app, house, route, view, usual)

    return lay
