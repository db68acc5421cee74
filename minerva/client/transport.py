"""One kept-alive connection to a sidecar, over TCP, TLS or a Unix socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from http import HTTPStatus
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    RemoteDisconnected,
)
from urllib.parse import unquote, urlsplit

from minerva.client.answers import Document, problem, read_object
from minerva.errors import InvalidConfiguration, Unavailable


class Transport:
    """Asks and reads; says in our errors what went wrong."""

    def __init__(self, url: str, key: str | None, timeout_s: float) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._timeout_s = timeout_s
        self._connection = _connection(url, timeout_s)
        self._base = "" if url.startswith("http+unix") else urlsplit(self.url).path

    def close(self) -> None:
        """Hang up; a later call connects again."""
        self._connection.close()

    def call(
        self,
        method: str,
        path: str,
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = True,
    ) -> Document:
        """Return the JSON object that is answered; what is `repeatable` may be sent twice."""
        return read_object(self.content(method, path, body, headers or {}, repeatable=repeatable))

    def content(
        self,
        method: str,
        path: str,
        body: Document | None,
        headers: Mapping[str, str],
        *,
        repeatable: bool,
    ) -> bytes:
        """Return the body that is answered. Raises the error that a problem tells of."""
        response = self.ask(method, path, body, headers, repeatable=repeatable)
        content = self.read(response)
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise problem(response.status, content)
        return content

    def send(
        self, path: str, content: bytes, headers: Mapping[str, str], method: str = "POST"
    ) -> Document:
        """Send bytes that are no JSON, and return the JSON object that is answered.

        A sidecar that refuses them need not read them all: what it said is looked for all the same.
        """
        sent = self._headers(None) | dict(headers)
        self.close()  # a kept connection may be dead, and then one would not know what came
        try:
            try:
                self._connection.request(method, self._base + path, content, sent)
            except (BrokenPipeError, ConnectionResetError):
                if self._connection.sock is None:
                    raise
            response = self._connection.getresponse()
        except (TimeoutError, OSError, HTTPException) as error:
            self.close()
            raise self.away(error) from error
        answered = self.read(response)
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise problem(response.status, answered)
        return read_object(answered)

    def ask(
        self,
        method: str,
        path: str,
        body: Document | None,
        headers: Mapping[str, str],
        *,
        repeatable: bool,
    ) -> HTTPResponse:
        """Return the response, whatever its status; `read` it before the next call."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        sent = self._headers(content) | dict(headers)
        if not repeatable:
            self.close()  # a kept connection may be dead, and then one would not know what happened
        kept = self._connection.sock is not None
        try:
            try:
                return self._send(method, path, content, sent)
            except (RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                if not kept:
                    raise
                self.close()  # the server had closed the kept connection: once more on a fresh one
                return self._send(method, path, content, sent)
        except (TimeoutError, OSError, HTTPException) as error:
            self.close()
            raise self.away(error) from error

    def _send(
        self, method: str, path: str, content: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        self._connection.request(method, self._base + path, content, headers)
        return self._connection.getresponse()

    def _headers(self, content: bytes | None) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        return headers

    def read(self, response: HTTPResponse) -> bytes:
        """Return the rest of a response."""
        try:
            return response.read()
        except (OSError, HTTPException) as error:
            self.close()
            raise self.away(error) from error

    def away(self, error: Exception) -> Unavailable:
        """Say that the sidecar does not answer, and what to do about it."""
        if isinstance(error, TimeoutError):
            return Unavailable(
                f"The sidecar at {self.url} did not answer in {self._timeout_s:g} s."
            )
        if isinstance(error, HTTPException) and not isinstance(error, RemoteDisconnected):
            return Unavailable(f"What answers at {self.url} does not speak HTTP as a sidecar does.")
        return Unavailable(
            f"No sidecar answers at {self.url}: start it with `minerva up`, "
            "or name another with --url."
        )


def _connection(url: str, timeout_s: float) -> HTTPConnection:
    """Prepare, without connecting yet. Raises InvalidConfiguration for what is no URL of a server."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    if parts.scheme == "http+unix" and parts.netloc:
        return _UnixConnection(unquote(parts.netloc), timeout_s)
    if host is None or parts.scheme not in {"http", "https"}:
        raise InvalidConfiguration(
            f"{url!r} is no address of a sidecar: write one such as http://127.0.0.1:8080 "
            "or http+unix://%2Frun%2Fminerva.sock."
        )
    if parts.scheme == "https":
        return HTTPSConnection(host, port, timeout=timeout_s)
    return HTTPConnection(host, port, timeout=timeout_s)


class _UnixConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(self._path)
