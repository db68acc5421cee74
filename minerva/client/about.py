"""The calls that tell what a version is, where it came from, and what a flow does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from minerva.client.answers import Document, member, problem, read_object
from minerva.client.line import AGAIN, Line
from minerva.errors import MinervaError


class About:
    """What is told of a service's versions: `client.about.card("churn")`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def card(self, service: str, version: int | str | None = None) -> Document:
        """Return the model card of a version, of the champion unless told."""
        return member(self._line.get(_path(service, "card", version)), "card")

    def card_page(self, service: str, version: int | str | None = None) -> bytes:
        """Return the model card as an HTML page that needs nothing else."""
        path = _path(service, "card", version)
        return self._line.content("GET", path, headers={"Accept": "text/html"}, terms=AGAIN)

    def lineage(self, service: str, version: int | str | None = None) -> Document:
        """Return where the versions came from and went: `{"nodes": [{…}], "edges": [{…}]}`."""
        return member(self._line.get(_path(service, "lineage", version)), "lineage")

    def flow(self, service: str) -> Document:
        """Return a flow's steps: `{"service", "inputs", "steps": [{…}], "answer"}`."""
        return member(self._line.get(_path(service, "flow", None)), "flow")

    def flow_drawing(self, service: str) -> bytes:
        """Return a flow drawn as SVG."""
        path = _path(service, "flow", None)
        return self._line.content("GET", path, headers={"Accept": "image/svg+xml"}, terms=AGAIN)

    def run(
        self,
        service: str,
        records: Sequence[Mapping[str, Any]],
        steps: Sequence[str] | None = None,
    ) -> Document:
        """Run a flow and return all of it: `{"predictions", "steps", "trace", "request_id"}`.

        A run that failed has an `error` besides, and what was done by then; `steps`: whose rows are
        returned, None: every step's.
        """
        body: Document = {"records": list(records)}
        if steps is not None:
            body["steps"] = list(steps)
        answer = self._line.answer("POST", _path(service, "run", None), body)
        if answer.status < HTTPStatus.BAD_REQUEST:
            return read_object(answer.content)
        with suppress(MinervaError):
            told = read_object(answer.content)
            if "trace" in told:
                return told
        raise problem(answer.status, answer.content, answer.retry_after_s)


def _path(service: str, what: str, version: int | str | None) -> str:
    query = "" if version is None else f"?version={quote(str(version), safe='')}"
    return f"/v1/services/{quote(service, safe='')}/{what}{query}"
