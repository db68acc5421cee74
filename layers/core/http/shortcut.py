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
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from flask import Response

from minerva.errors import MinervaError
from minerva.layers.abstraction.serving.together import caught
from minerva.layers.core.http.access import Known, admit
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


class Written(NamedTuple):
    """An answer as it is sent."""

    content: bytes
    headers: Mapping[str, str]
    """Of the content."""
    facts: Mapping[str, object]
    """For the event that ends the request."""


Asked = TypeVar("Asked")


class Inquiry(NamedTuple, Generic[Asked]):
    """One of the requests of a moment: what it asks, and its ids."""

    asked: Asked
    request_id: str
    context: Context
    """Where the request's ids are known: whatever is done for it alone is run in there."""


Outcome = Written | Exception
"""An answer, or what its view raises."""


class Usual(Protocol[Asked]):
    """What a route does with requests that are wholly usual."""

    @property
    def kinds(self) -> Collection[str]:
        """Content types; empty for none named."""

    def read(self, tenant: str, service: str, environ: Environ, body: bytes) -> Asked | None:
        """Return what is asked, None if it is not wholly usual."""

    def answer(
        self, tenant: str, service: str, inquiries: Sequence[Inquiry[Asked]]
    ) -> Sequence[Outcome]:
        """Return what comes of each."""


@dataclass(frozen=True)
class Way:
    """A way past the framework for one route whose one parameter is `<service>`."""

    route: str
    view: Callable[..., Any]
    """The route's view: its mark says who may call."""
    usual: Usual[Any]
    before: str
    after: str
    """What surrounds the service's name in the path."""

    def service(self, path: str) -> str | None:
        """Return which service a path names, None if it is another route's."""
        if not path.startswith(self.before) or not path.endswith(self.after):
            return None
        service = path[len(self.before) : -len(self.after)]
        return service if service and "/" not in service else None


@dataclass(slots=True)
class _Begun:
    """A request that is usual as far as its head says."""

    way: Way
    service: str
    environ: Environ
    context: Context
    started_at: float
    tenant: str = ""
    request_id: str = ""
    asked: Any = None
    """None: it is not usual after all."""
    written: Written | None = None


@dataclass(frozen=True)
class Shortcuts:
    """The ways past `framework`."""

    framework: Application
    house: House
    ways: list[Way] = field(default_factory=list)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Satisfy WSGI."""
        return self.together([(environ, start_response)])[0]()

    def together(
        self, calls: Sequence[tuple[Environ, StartResponse]]
    ) -> list[Callable[[], Iterable[bytes]]]:
        """Answer calls that came at one moment; each result starts one's response, and gives its body.

        Those that ask one service may be asked of its model together, and none of them notices. What
        the framework answers, it answers when the result is called.
        """
        known: Known = {}
        begun = [self._begun(environ, known) for environ, _ in calls]
        groups: dict[tuple[str, str, str], list[_Begun]] = {}
        for one in begun:
            if one is not None and one.asked is not None:
                groups.setdefault((one.way.route, one.tenant, one.service), []).append(one)
        for group in groups.values():
            _answer(group)
        return [
            partial(self.framework, *call)
            if one is None or one.written is None
            else partial(self._sent, one.written, *call)
            for one, call in zip(begun, calls, strict=True)
        ]

    def _begun(self, environ: Environ, known: Known) -> _Begun | None:
        """Return a request, read as far as is usual; None if its head is not."""
        path = environ["PATH_INFO"]
        for way in self.ways:
            service = way.service(path)
            if service is not None:
                break
        else:
            return None
        if not self._is_usual(environ, way.usual.kinds):
            return None
        begun = _Begun(way, service, environ, copy_context(), time.perf_counter())
        begun.context.run(self._read, begun, known)
        return begun

    def _is_usual(self, environ: Environ, kinds: Collection[str]) -> bool:
        length = environ.get("CONTENT_LENGTH", "")
        return (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("CONTENT_TYPE", "") in kinds
            and "HTTP_CONTENT_ENCODING" not in environ
            and not environ.get("QUERY_STRING")
            and length.isdecimal()
            and 0 < int(length) <= self.house.max_body_bytes
        )

    def _read(self, begun: _Begun, known: Known) -> None:
        """Find out who asks what."""
        environ = begun.environ
        begun.request_id = begin(environ, self.house.request_id_header, begun.service).request_id
        try:
            begun.tenant = admit(environ, self.house, begun.way.view, known).tenant
        except MinervaError:
            return
        try:
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        except OSError:  # it breaks off for the framework, too
            return
        begun.asked = begun.way.usual.read(begun.tenant, begun.service, environ, body)
        if begun.asked is None:
            environ["wsgi.input"] = io.BytesIO(body)

    def _sent(
        self, written: Written, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        headers = {**framing(environ, self.house.request_id_header), **written.headers}
        content = written.content
        if len(content) >= SMALLEST:
            content, coded = encode(content, environ.get("HTTP_ACCEPT_ENCODING"))
            headers |= coded
        headers["Content-Length"] = str(len(content))
        start_response("200 OK", list(headers.items()))
        return (content,)


def _answer(group: Sequence[_Begun]) -> None:
    """Answer requests to one service by one way; what fails is told by the framework, whatever it is."""
    first = group[0]
    inquiries = [Inquiry(one.asked, one.request_id, one.context) for one in group]
    outcomes = caught(partial(first.way.usual.answer, first.tenant, first.service, inquiries))
    if isinstance(outcomes, Exception):
        outcomes = [outcomes] * len(group)
    for one, outcome in zip(group, outcomes, strict=True):
        if isinstance(outcome, Exception):
            one.environ[_FAILURE] = outcome
        else:
            one.written = outcome
            one.context.run(finished, "POST", one.way.route, 200, one.started_at, outcome.facts)


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
    before, _, after = route.partition("<service>")
    way = Way(route, view, usual, before, after)

    def lay(state: BlueprintSetupState) -> None:
        app: Any = state.app
        if not isinstance(app.wsgi_app, Shortcuts):
            app.wsgi_app = Shortcuts(app.wsgi_app, house)
        app.wsgi_app.ways.append(way)

    return lay
