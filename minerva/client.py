"""A small client of the sidecar's REST API, on the standard library only.

    with Client("http://127.0.0.1:8080", key) as client:
        answer = client.predict("churn", records=[{"tenure": 3, "contract": "One year"}])

What the sidecar refuses is raised as the class of `minerva.errors` that it was there, faults included.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from http.client import (
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    HTTPSConnection,
    RemoteDisconnected,
)
from typing import Any, Self
from urllib.parse import quote, unquote, urlencode, urlsplit
from uuid import uuid4

from minerva import errors
from minerva.errors import Fault, InvalidConfiguration, MinervaError, Unavailable

Document = dict[str, Any]
"""A JSON object, as the OpenAPI document describes it."""
RECONNECT_S = 0.2
"""Pause before asking again for events where a stream brought none."""


class Client:
    """Talks to one sidecar over one connection that is kept alive; for one thread at a time."""

    def __init__(self, url: str, key: str | None = None, timeout_s: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._timeout_s = timeout_s
        self._connection = _connection(url, timeout_s)
        self._base = "" if url.startswith("http+unix") else urlsplit(self.url).path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; a later call connects again."""
        self._connection.close()

    def services(self) -> list[Document]:
        """List the services, by name."""
        return _list(self.service_list(), "services")

    def service_list(self) -> Document:
        """Return `{"services": […], "problems": […]}`: the services, and files that are none."""
        return self._call("GET", "/v1/services")

    def service(self, name: str) -> Document:
        """Describe one service: schema, serving version, aliases, what is wrong."""
        return _member(self._call("GET", _service(name)), "service")

    def predict(
        self,
        service: str,
        records: Sequence[Mapping[str, Any]] | None = None,
        *,
        keys: Sequence[str | int] | None = None,
        explain: bool = False,
        request_id: str | None = None,
    ) -> Document:
        """Predict for records, or for the records of these keys in the service's own data.

        Returns `{"predictions": [{…}, …], "service", "version", "request_id", "degraded"}`.
        """
        question: Document = {}
        if records is not None:
            question["records"] = list(records)
        if keys is not None:
            question["keys"] = list(keys)
        if explain:
            question["explain"] = True
        headers = {"X-Request-ID": request_id} if request_id else {}
        return self._call("POST", f"{_service(service)}/predict", question, headers)

    def train(self, service: str, idempotency_key: str | None = None) -> Document:
        """Start a training and return its job; the same idempotency key leads to the same job."""
        headers = {"Idempotency-Key": idempotency_key or uuid4().hex}
        answer = self._call("POST", f"{_service(service)}/train", {}, headers)
        return _member(answer, "job")

    def job(self, job_id: str) -> Document:
        """Return one job as it is now."""
        return _member(self._call("GET", _job(job_id)), "job")

    def jobs(
        self, *, service: str | None = None, state: str | None = None, limit: int | None = None
    ) -> list[Document]:
        """List jobs, newest first."""
        wanted = {"service": service, "state": state, "limit": limit}
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        return _list(self._call("GET", f"/v1/jobs?{query}" if query else "/v1/jobs"), "jobs")

    def job_events(self, job_id: str) -> Iterator[Document]:
        """Yield a job's events, `{"number", "at", "state", "attempt", "message"}`, until it ended."""
        path = f"{_job(job_id)}/events"
        headers = {"Accept": "text/event-stream"}
        while True:
            response = self._ask("GET", path, None, headers, repeatable=True)
            if response.status != HTTPStatus.OK:
                content = self._read(response)
                if response.status == HTTPStatus.NO_CONTENT:
                    return  # the job has ended and everything was told
                raise problem(response.status, content)
            silent = True
            try:
                for event in _server_sent(response):
                    silent = False
                    headers["Last-Event-ID"] = str(event["number"])
                    yield event
            except (OSError, HTTPException) as error:
                raise self._away(error) from error
            finally:
                self.close()  # the rest of the stream must not be taken for another answer
            if silent:
                time.sleep(RECONNECT_S)

    def job_history(self, job_id: str) -> list[Document]:
        """Return a job's events so far."""
        return _list(self._call("GET", f"{_job(job_id)}/events"), "events")

    def job_log(self, job_id: str) -> str:
        """Return what the job's attempts wrote to their output."""
        log = self._bytes("GET", f"{_job(job_id)}/log", None, {}, repeatable=True)
        return log.decode("utf-8", "replace")

    def cancel(self, job_id: str) -> Document:
        """Ask a job to stop and return it as it is now."""
        return _member(self._call("POST", f"{_job(job_id)}/cancel", {}), "job")

    def versions(self, service: str) -> list[Document]:
        """List a service's versions, newest first: metrics, aliases, quarantine."""
        return _list(self._call("GET", f"{_service(service)}/versions"), "versions")

    def promote(
        self,
        service: str,
        version: int | str,
        alias: str = "champion",
        reason: str = "",
        *,
        share: float | None = None,
    ) -> Document:
        """Let an alias name this version; return the alias.

        `share`: percent of the calls that a challenger answers.
        """
        body: Document = {"version": str(version), **_given(reason)}
        if share is not None:
            body["share"] = share
        return _member(self._call("PUT", _service(service, "aliases", alias), body), "alias")

    def retire(self, service: str, alias: str, reason: str = "") -> Document:
        """Take a challenger or shadow away; return the alias, which names no version now."""
        path = _service(service, "aliases", alias)
        return _member(self._call("DELETE", path, _given(reason), repeatable=False), "alias")

    def quarantine(self, service: str, version: int | str, reason: str) -> Document:
        """Keep a version from serving.

        Returns `{"version": {…}, "alias": {…} or None}`: where the champion went, if it moved.
        """
        path = _service(service, "versions", str(version), "quarantine")
        return self._call("POST", path, {"reason": reason})

    def release(self, service: str, version: int | str, reason: str = "") -> Document:
        """Let a version in quarantine be promoted again; return the version."""
        path = _service(service, "versions", str(version), "release")
        return _member(self._call("POST", path, _given(reason), repeatable=False), "version")

    def rollback(self, service: str, reason: str = "") -> Document:
        """Let champion name the version that it named before; return the alias."""
        path = _service(service, "rollback")
        return _member(self._call("POST", path, _given(reason), repeatable=False), "alias")

    def openapi(self) -> Document:
        """Return the OpenAPI document of the declared services."""
        return self._call("GET", "/openapi.json")

    def ready(self) -> Document:
        """Return what `/readyz` says, whether ready or not."""
        return _object(self._read(self._ask("GET", "/readyz", None, {}, repeatable=True)))

    def _call(
        self,
        method: str,
        path: str,
        body: Document | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        repeatable: bool = True,
    ) -> Document:
        return _object(self._bytes(method, path, body, headers or {}, repeatable=repeatable))

    def _bytes(
        self,
        method: str,
        path: str,
        body: Document | None,
        headers: Mapping[str, str],
        *,
        repeatable: bool,
    ) -> bytes:
        response = self._ask(method, path, body, headers, repeatable=repeatable)
        content = self._read(response)
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise problem(response.status, content)
        return content

    def _ask(
        self,
        method: str,
        path: str,
        body: Document | None,
        headers: Mapping[str, str],
        *,
        repeatable: bool,
    ) -> HTTPResponse:
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
            raise self._away(error) from error

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

    def _read(self, response: HTTPResponse) -> bytes:
        try:
            return response.read()
        except (OSError, HTTPException) as error:
            self.close()
            raise self._away(error) from error

    def _away(self, error: Exception) -> Unavailable:
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


def problem(status: int, content: bytes) -> MinervaError:
    """Rebuild the error that a sidecar answered with, from its problem+json (RFC 9457)."""
    try:
        told = json.loads(content)
    except ValueError:
        told = None
    if not isinstance(told, dict) or "code" not in told:
        return Unavailable(f"The server answered {status} without saying why: is it a sidecar?")
    kind = _kinds().get(str(told["code"]), _unknown(status))
    message = str(told.get("detail") or told.get("title") or f"The sidecar answered {status}.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and told.get("request_id"):
        message += f" Look there: minerva logs --request-id {told['request_id']}"
    return kind(message, faults=_faults(told))


def _kinds() -> dict[str, type[MinervaError]]:
    return {kind.code: kind for kind in MinervaError.__subclasses__()}


def _unknown(status: int) -> type[MinervaError]:
    return Unavailable if status >= HTTPStatus.INTERNAL_SERVER_ERROR else errors.InvalidInput


def _faults(told: Document) -> list[Fault]:
    listed = told.get("faults")
    return [
        Fault(str(one.get("where", "")), str(one.get("message", "")))
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
    ]


def _job(job_id: str) -> str:
    return f"/v1/jobs/{quote(job_id, safe='')}"


def _service(*parts: str) -> str:
    return "/".join(["/v1/services", *(quote(part, safe="") for part in parts)])


def _given(reason: str) -> Document:
    return {"reason": reason} if reason else {}


def _object(content: bytes) -> Document:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unavailable("The sidecar's answer could not be read: it is no JSON.") from error
    if not isinstance(told, dict):
        raise Unavailable("The sidecar's answer could not be read: it is no JSON object.")
    return told


def _member(answer: Document, name: str) -> Document:
    member = answer.get(name)
    if not isinstance(member, dict):
        raise Unavailable(f"The sidecar's answer could not be read: it holds no {name}.")
    return member


def _list(answer: Document, name: str) -> list[Document]:
    member = answer.get(name)
    if not isinstance(member, list):
        raise Unavailable(f"The sidecar's answer could not be read: it holds no {name}.")
    return member


def _server_sent(lines: HTTPResponse) -> Iterator[Document]:
    """Read `data:` fields of an event stream; each is one JSON object."""
    data: list[bytes] = []
    for raw in lines:
        line = raw.rstrip(b"\r\n")
        if line.startswith(b"data:"):
            data.append(line[5:].lstrip())
        elif not line and data:
            yield _object(b"\n".join(data))
            data = []


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
