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
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flask import Response

from minerva.errors import MinervaError
from minerva.layers.core.http.access import admit
from minerva.layers.core.http.codings import SMALLEST, encode
from minerva.layers.core.http.requests import begin, finished, framing, tell

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState

    from minerva.layers.core.http.house import House

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_FAILURE = "minerva.failure"
"""In the environment of a request that failed here: the error that its view raises."""


@dataclass(frozen=True)
class Written:
    """An answer as it is sent."""

    content: bytes
    headers: Mapping[str, str]
    """Of the content."""
    facts: Mapping[str, object]
    """For the event that ends the request."""


Asked = TypeVar("Asked")


class Usual(Protocol[Asked]):
    """What a route does with requests that are wholly usual."""

    @property
    def kinds(self) -> Collection[str]:
        """Content types; empty for none named."""

    def read(self, tenant: str, service: str, environ: Environ, body: bytes) -> Asked | None:
        """Return what is asked, None if it is not wholly usual."""

    def answer(self, tenant: str, service: str, asked: Asked, request_id: str) -> Written:
        """Return the answer. Raises what the route's view raises."""


@dataclass(frozen=True)
class Shortcut:
    """A way past `framework` for one route whose one parameter is `<service>`."""

    framework: Application
    house: House
    route: str
    view: Callable[..., Any]
    """The route's view: its mark says who may call."""
    usual: Usual[Any]

    def __post_init__(self) -> None:
        """Take the route apart."""
        before, _, after = self.route.partition("<service>")
        object.__setattr__(self, "_ends", (before, after, len(before), -len(after)))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Satisfy WSGI."""
        service = self._service(environ)
        written = None if service is None else self._answer(environ, service)
        if written is None:
            return self.framework(environ, start_response)
        headers = {**framing(environ, self.house.request_id_header), **written.headers}
        content = written.content
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
            and environ.get("CONTENT_TYPE", "") in self.usual.kinds
            and "HTTP_CONTENT_ENCODING" not in environ
            and not environ.get("QUERY_STRING")
            and environ.get("CONTENT_LENGTH", "").isdecimal()
            and 0 < int(environ["CONTENT_LENGTH"]) <= self.house.max_body_bytes
        )
        service = path[start:end]
        return service if usual and service and "/" not in service else None

    def _answer(self, environ: Environ, service: str) -> Written | None:
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
        asked = self.usual.read(tenant, service, environ, body)
        if asked is None:
            environ["wsgi.input"] = io.BytesIO(body)
            return None
        try:
            written = self.usual.answer(tenant, service, asked, trace.request_id)
        except Exception as error:  # noqa: BLE001 - the framework tells of it, whatever it is
            environ[_FAILURE] = error
            return None
        finished("POST", self.route, 200, started_at, written.facts)
        return written


def raise_failure(environ: Environ) -> None:
    """Raise the error that a request met on the shortcut already, rather than ask a model again."""
    if _FAILURE in environ:
        raise environ[_FAILURE]


def sent(written: Written) -> Response:
    """Return an answer as a view returns it; its facts are told to the request's event."""
    tell(**written.facts)
    return Response(written.content, headers=written.headers)


def shortcut(house: House, route: str, view: Callable[..., Any], usual: Usual[Any]) -> Any:
    """Return what a blueprint records so that its application has the shortcut."""

    def lay(state: BlueprintSetupState) -> None:
        app: Any = state.app
        app.wsgi_app = Shortcut(app.wsgi_app, house, route, view, usual)

    return lay
