"""`collect: http`: what is at a URL becomes a file in the volume."""

from __future__ import annotations

import time
from http.client import HTTPResponse
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
import numpy as np

from minerva import Field, FieldType, Items, Parameters, Step, StepContext
from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.steps.hosts import Hosts
from minerva.errors import InvalidInput, NotPermitted, Unavailable
from minerva.step import Columns, Fields

CHUNK = 256 * 1024


class HttpParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `http`."""

    hosts: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            min_length=1,
            description="Hosts that may be asked; a private address only if it stands here itself",
        ),
    ]
    max_bytes: Annotated[int, msgspec.Meta(ge=1, description="Most bytes of one answer")] = (
        32 * 1024 * 1024
    )
    timeout_s: Annotated[
        float, msgspec.Meta(gt=0, le=600, description="How long one answer is waited for")
    ] = 10.0


class Http(Step):
    """A file for each URL; one that cannot be had fails by itself. Redirects are not followed."""

    name = "http"
    role = "collect"
    Parameters = HttpParameters
    inputs = {"url": ("text",)}  # noqa: RUF012 - read only, as the contract says
    outside = True
    batch = 1  # each answer is waited for: batches are asked beside each other

    def __init__(self, connecting: Connecting | None = None) -> None:
        self._connecting = connecting or Connecting()

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the file, and what the host calls its content."""
        del inputs, parameters
        return {
            "file": Field(type=FieldType.TEXT),
            "content_type": Field(type=FieldType.TEXT),
            "bytes": Field(type=FieldType.INTEGER, unit="byte", minimum=0),
        }

    def run(self, items: Items, context: StepContext) -> Columns:
        """Fetch into the volume."""
        files = np.full(len(items), None, dtype=object)
        kinds = np.full(len(items), None, dtype=object)
        sizes = np.zeros(len(items))
        for row, url in enumerate(items["url"]):
            try:
                content, kinds[row] = self._fetched(str(url or ""), context)
            except (InvalidInput, NotPermitted, Unavailable) as error:
                context.fail(row, error)
                continue
            name = PurePosixPath(urlsplit(str(url)).path).name or "content"
            files[row] = context.volume.write(name, content)
            sizes[row] = len(content)
        return {"file": files, "content_type": kinds, "bytes": sizes}

    def _fetched(self, url: str, context: StepContext) -> tuple[bytes, str]:
        wanted: HttpParameters = context.parameters
        hosts = Hosts(wanted.hosts, self._connecting)
        deadline = time.monotonic() + min(wanted.timeout_s, context.seconds_left)
        with hosts.answer(url, deadline, wanted.max_bytes) as response:
            return _read(response, wanted.max_bytes), response.headers.get_content_type()


def _read(response: HTTPResponse, most: int) -> bytes:
    pieces, size = [], 0
    while piece := response.read(CHUNK):
        size += len(piece)
        if size > most:
            raise InvalidInput(f"The answer has more than {most} bytes.")
        pieces.append(piece)
    return b"".join(pieces)
