"""A step in another container, asked over HTTP in the Open Inference Protocol."""

from __future__ import annotations

import math
import time
import weakref
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

import numpy as np
import structlog

from minerva.client.clock import SYSTEM_CLOCK
from minerva.client.line import Line as HttpLine
from minerva.client.line import Terms
from minerva.client.policy import ONE_TRY
from minerva.errors import AlgorithmFailed, InvalidConfiguration, NotAuthenticated
from minerva.layers.abstraction.flows.failure import Failure
from minerva.layers.abstraction.flows.graph import Node
from minerva.layers.abstraction.flows.making import OfService
from minerva.layers.abstraction.flows.tensors import answered, from_tensors, to_tensors
from minerva.layers.abstraction.flows.work import Made, checked
from minerva.step import Items, Volume

PATIENCE_S = 60.0
"""How long an answer is waited for where no deadline says it."""


@dataclass(frozen=True, eq=False)
class Line:
    """Where the other container is, and the key that it wants."""

    url: str
    key: str | None = None

    @cached_property
    def http(self) -> HttpLine:
        """Connections that are kept alive, for any number of threads; closed when the flow is gone."""
        line = HttpLine(self.url, self.key, PATIENCE_S, ONE_TRY, SYSTEM_CLOCK)
        weakref.finalize(self, line.close)
        return line


@dataclass(frozen=True, eq=False)
class RemoteWork:
    """Satisfies `Work`."""

    line: Line
    name: str
    """What the other container calls it: SERVICE, or FLOW.STEP."""
    node: Node

    def __call__(self, items: Items, volume: Volume, until: float) -> Made:
        """Ask the other container. Raises what it answers, Unavailable if it is away."""
        left = until - time.monotonic()
        terms = Terms(
            repeatable=True, timeout_s=PATIENCE_S if left == math.inf else max(0.001, left)
        )
        body: dict[str, Any] = {"inputs": to_tensors(items.columns, items.fields)}
        if not isinstance(self.node.making, OfService):
            body["parameters"] = {"run": getattr(volume, "run", None)}
            if self.node.making.shape == "gather":
                body["parameters"] |= {"of": items.of.tolist(), "records": items.records}
        path = f"/v2/models/{quote(self.name, safe='.')}/infer"
        try:
            told = self.line.http.call("POST", path, body, _ids(), terms)
        except NotAuthenticated as error:
            raise InvalidConfiguration(
                f"{self.line.url} wants a key: give `where` a `key`."
            ) from error
        return self._made(told, items)

    def _made(self, answer: dict[str, Any], items: Items) -> Made:
        outputs = answer.get("outputs")
        if not isinstance(outputs, list):
            raise AlgorithmFailed("It answered without outputs.")
        making = self.node.making
        if isinstance(making, OfService):
            return Made(checked(answered(outputs, making.schema), self.node.made, len(items)))
        parameters = answer.get("parameters") or {}
        told = parameters.get("failed", {})
        failed = {int(row): Failure.told(why) for row, why in told.items()}
        columns = from_tensors(outputs, self.node.made)
        if making.shape != "spread":
            rows = items.records if making.shape == "gather" else len(items)
            return Made(checked(columns, self.node.made, rows, failed), None, failed)
        of = np.array(parameters.get("of", []), dtype=np.intp)
        if len(of) and (of.min() < 0 or of.max() >= len(items) or (np.diff(of) < 0).any()):
            raise AlgorithmFailed("It answered rows of items that there are not.")
        return Made(checked(columns, self.node.made, len(of)), of, failed)


def _ids() -> dict[str, str]:
    """Return the headers that carry the ids of the request on."""
    known = structlog.contextvars.get_contextvars()
    headers = {}
    if known.get("request_id"):
        headers["X-Request-ID"] = str(known["request_id"])
    if known.get("trace_id"):
        headers["traceparent"] = (
            f"00-{known['trace_id']}-{np.random.default_rng().bytes(8).hex()}-01"
        )
    return headers
