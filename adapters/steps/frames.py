"""`collect: frames`: pictures of a video, at regular intervals, into the volume."""

from __future__ import annotations

import time
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import msgspec

from minerva import Field, FieldType, InvalidInput, Items, Parameters, Spread, Step, StepContext
from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.steps.gathering import Gathering, texts
from minerva.adapters.steps.hosts import Hosts
from minerva.adapters.steps.sampling import Encoding, Sampling
from minerva.adapters.steps.videos import Videos
from minerva.errors import NotPermitted, Unavailable
from minerva.step import Fields

SHARE_OF_TIME = 0.5
"""Of what is left to answer, so much may be spent on reading; the steps that follow have the rest."""


class FramesParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `frames`."""

    below: Annotated[
        str | None,
        msgspec.Meta(
            description="Folder in the workspace with all videos there are to ask for; none: they are "
            "files of the volume"
        ),
    ] = None
    hosts: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Hosts whose http and https URLs may be asked for; empty: no URL"),
    ] = ()
    every_s: Annotated[float, msgspec.Meta(gt=0, description="Seconds between two frames")] = 1.0
    most: Annotated[int, msgspec.Meta(ge=1, le=100_000, description="Most frames of a video")] = 100
    width: Annotated[int, msgspec.Meta(ge=1, le=8192, description="Wider ones are reduced")] = 640
    height: Annotated[int, msgspec.Meta(ge=1, le=8192, description="Higher ones are reduced")] = 480
    encoding: Annotated[
        Encoding, msgspec.Meta(description="How they are kept: `jpeg`, or exactly, as `png`")
    ] = "jpeg"
    read_s: Annotated[
        float,
        msgspec.Meta(
            gt=0,
            description="Longest time for reading a video, and never more than half of what is left of "
            "the deadline: what is live ends then, anything else fails",
        ),
    ] = 10.0
    max_bytes: Annotated[int, msgspec.Meta(ge=1, description="Most bytes that are fetched")] = (
        256 * 1024 * 1024
    )
    max_pixels: Annotated[int, msgspec.Meta(ge=1, description="Most pixels of a picture")] = (
        4096 * 2304
    )


class Frames(Step):
    """A row for each frame, in the order of time."""

    name = "frames"
    role = "collect"
    shape = "spread"
    Parameters = FramesParameters
    inputs = {"video": ("text", "category")}  # noqa: RUF012 - read only, as the contract says
    label = "name"
    outside = True
    batch = 1  # videos are read beside each other

    def __init__(self, connecting: Connecting | None = None) -> None:
        self._connecting = connecting or Connecting()

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the picture in the volume, when it was, and what messages call it."""
        del inputs, parameters
        return {
            "file": Field(type=FieldType.TEXT),
            "second": Field(type=FieldType.NUMBER, unit="s", minimum=0),
            "name": Field(type=FieldType.TEXT),
        }

    def run(self, items: Items, context: StepContext) -> Spread:
        """Read each video; what is no video, or cannot be had, fails by itself."""
        videos, sampling = self._videos(context), _sampling(context)
        gathered = Gathering(("file", "second", "name"))
        began = time.monotonic()
        for row, place in enumerate(texts(items, "video")):
            left = context.seconds_left - (time.monotonic() - began)
            limit = min(context.parameters.read_s, SHARE_OF_TIME * left / (len(items) - row))
            try:
                for made in _taken(videos, sampling, place or "", limit, context):
                    gathered.add(row, made)
            except (InvalidInput, NotPermitted, Unavailable) as error:
                context.fail(row, error)
        return Spread(gathered.columns(context.fields), gathered.of())

    def _videos(self, context: StepContext) -> Videos:
        wanted: FramesParameters = context.parameters
        folder: Path | None = None if wanted.below is None else context.workspace / wanted.below
        hosts = Hosts(wanted.hosts, self._connecting)
        return Videos(folder, context.volume, hosts, wanted.max_bytes)


def _taken(
    videos: Videos, sampling: Sampling, place: str, limit_s: float, context: StepContext
) -> list[tuple[str, float, str]]:
    """Return file, second and name of each frame of a video, all of them or none."""
    deadline = time.monotonic() + limit_s
    made = []
    with videos.opened(place, deadline) as video:
        stem = PurePosixPath(video.name).stem
        try:
            for second, picture in sampling.of(video, deadline):
                name = f"{stem}-{round(second * 1000):07d}.{sampling.encoding}"
                made.append((context.volume.write(name, picture), second, name))
        except InvalidInput:
            if not (video.live and made):  # what is live may break off at any time
                raise
    if not made:
        raise InvalidInput(
            "No picture of the video came in time." if video.live else "The video holds no picture."
        )
    return made


def _sampling(context: StepContext) -> Sampling:
    wanted: FramesParameters = context.parameters
    return Sampling(
        wanted.every_s,
        wanted.most,
        wanted.width,
        wanted.height,
        wanted.max_pixels,
        wanted.encoding,
        context.threads,
    )
