"""Pictures of a video at regular intervals, decoded and encoded by FFmpeg (PyAV)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from minerva.adapters.steps.videos import Video, seconds_until
from minerva.errors import InvalidConfiguration, InvalidInput, MinervaError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,mpjpeg,mjpeg,h264,hevc,flv,gif"
)
"""Formats that hold their own pictures. Playlists, which name other places, are none of them."""
USUAL_RATE = 25
"""Frames a second of a video that does not say when its frames are."""
Encoding = Literal["png", "jpeg"]
ENCODERS = {"png": ("png", "rgb24"), "jpeg": ("mjpeg", "yuvj420p")}
JPEG_STEPS = (2, 3)
"""FFmpeg's quantisers of JPEG, from 2, the finest; it goes by a video's bit rate otherwise."""
_TOLERANCE_S = 1e-3
BROKEN_OFF_S = 0.5
"""So much may lack at the end: the last frame's own time, and what containers round."""


@dataclass(frozen=True)
class Sampling:
    """Which frames are taken, and how they are kept."""

    every_s: float
    most: int
    width: int
    height: int
    """Larger pictures are made smaller, their sides' proportion stays."""
    max_pixels: int
    encoding: Encoding
    threads: int

    def of(self, video: Video, deadline: float) -> Iterator[tuple[float, bytes]]:
        """Yield seconds since the beginning and an encoded picture, frame by frame.

        `deadline` is a time of `time.monotonic()`: a live video ends there, of any other it is too late.
        Raises InvalidInput for what is no video, ends too early or has too large pictures.
        """
        taken, due, second = 0, 0.0, 0.0
        with _opened(video) as container:
            stream = self._stream(container, live=video.live)
            for second, frame in _timed(container, stream, live=video.live):
                self._check_size(frame.width, frame.height)
                if second + _TOLERANCE_S >= due:
                    yield round(second, 3), self._encoded(frame)
                    taken += 1
                    due = (math.floor((second + _TOLERANCE_S) / self.every_s) + 1) * self.every_s
                if taken == self.most:
                    return
                if seconds_until(deadline) <= 0:
                    if video.live:
                        return
                    raise InvalidInput("The video takes longer to be read than there is time.")
            _check_whole(stream, second)

    def _stream(self, container: InputContainer, *, live: bool) -> VideoStream:
        known = [one for one in container.streams.video if _decodable(one)]
        if not known:
            raise InvalidInput("The video holds no pictures that can be decoded.")
        stream = known[0]
        self._check_size(stream.codec_context.width, stream.codec_context.height)
        if not live:  # several frames at a time, so that each comes later
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self.threads
        return stream

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self.max_pixels:
            raise InvalidInput(
                f"The video's pictures have more than {self.max_pixels} pixels (`max_pixels`)."
            )

    def _encoded(self, frame: VideoFrame) -> bytes:
        from av import CodecContext
        from av.video.codeccontext import VideoCodecContext

        less = min(1.0, self.width / frame.width, self.height / frame.height)
        name, pixels = ENCODERS[self.encoding]
        made = frame.reformat(
            max(1, round(frame.width * less)),
            max(1, round(frame.height * less)),
            format=pixels,
            interpolation="AREA",
        )
        encoder = CodecContext.create(name, "w")
        assert isinstance(encoder, VideoCodecContext)  # noqa: S101 - as its name says
        encoder.width, encoder.height, encoder.pix_fmt = made.width, made.height, pixels
        encoder.time_base = Fraction(1, USUAL_RATE)
        encoder.qmin, encoder.qmax = JPEG_STEPS
        made.pts, made.time_base = 0, encoder.time_base
        packets = [*encoder.encode(made), *encoder.encode(None)]
        return b"".join(bytes(packet) for packet in packets)


@contextmanager
def _opened(video: Video) -> Iterator[InputContainer]:
    """Open what may be a video. What fails while it is read and decoded is told in our words."""
    try:
        import av
    except ImportError as error:
        raise InvalidConfiguration(
            "Videos need the package av: `pip install minerva-sidecar[video]`."
        ) from error
    try:
        options = {"format_whitelist": CONTAINERS}
        with av.open(video.file, "r", options=options, metadata_errors="replace") as container:
            yield container
    except MinervaError:
        raise
    except (
        av.FFmpegError,
        IndexError,
    ) as error:  # the latter where streams are fewer than announced
        raise InvalidInput(
            f"This is no video that can be read, or a damaged one ({type(error).__name__})."
        ) from error


def _decodable(stream: VideoStream) -> bool:
    return getattr(stream, "codec_context", None) is not None  # none for a codec that is unknown


def _timed(
    container: InputContainer, stream: VideoStream, *, live: bool
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield every frame with its seconds since the first one.

    A camera that sends one JPEG after the other does not say when they were: they are now.
    """
    by_clock = live and container.format.name in {"mpjpeg", "mjpeg"}
    rate = float(stream.average_rate or USUAL_RATE)
    first = None
    for number, frame in enumerate(container.decode(stream)):
        told = number / rate if frame.pts is None else frame.time
        second = time.monotonic() if by_clock else told
        first = second if first is None else first
        yield max(0.0, second - first), frame


def _check_whole(stream: VideoStream, last: float) -> None:
    """Raise InvalidInput for a video that ends long before it says that it does."""
    seconds = float((stream.duration or 0) * (stream.time_base or 0))  # 0: it does not say
    frame_s = 1 / float(stream.average_rate or USUAL_RATE)
    if last + 2 * frame_s + BROKEN_OFF_S < seconds:
        raise InvalidInput(f"The video breaks off after {last:.1f} of {seconds:.1f} s.")
