"""A live page of the workshop, made from the table that the flow writes.

Run: python examples/workshop/live.py [--port 8090], then open http://127.0.0.1:8090
It listens on loopback only, and reads: the table `occupancy` of workshop.db, and the clips.
"""

from __future__ import annotations

import argparse
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import av
import msgspec
from av.video.codeccontext import VideoCodecContext

HERE = Path(__file__).parent
BAYS = tuple(f"bay_{number}" for number in range(1, 7))
MINUTES = 5
NEWEST = """select clip, second, at, cars, bay_1, bay_2, bay_3, bay_4, bay_5, bay_6
from occupancy order by at desc, second desc limit 1"""
LATELY = """select at, second, cars from occupancy
where at >= :since order by at, second"""
CLIP = re.compile(r"[\w-]{1,100}\.mp4")


@dataclass(frozen=True)
class Workshop:
    """What is known of the workshop."""

    workspace: Path

    def state(self) -> dict[str, Any]:
        """Return the newest moment, and the numbers of cars of the minutes before it."""
        path = self.workspace / "workshop.db"
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
                newest = database.execute(NEWEST).fetchone()
                if newest is None:
                    return {"seen": False}
                clip, second, at, cars, *bays = newest
                since = (_moment(at, 0) - timedelta(minutes=MINUTES)).isoformat(sep=" ")
                lately = database.execute(LATELY, {"since": since}).fetchall()
        except sqlite3.OperationalError:  # no file, or no table yet
            return {"seen": False}
        now = _moment(at, second)
        return {
            "seen": True,
            "clip": clip,
            "second": second,
            "at": now.replace(tzinfo=UTC).isoformat(),
            "cars": cars,
            "bays": {name: bool(held) for name, held in zip(BAYS, bays, strict=True)},
            "minutes": MINUTES,
            "lately": [
                [(_moment(when, after) - now).total_seconds(), count]
                for when, after, count in lately
            ],
        }

    def frame(self, clip: str, second: float) -> bytes | None:
        """Return a moment of a clip as JPEG, None if there is no such clip."""
        path = self.workspace / "data" / "clips" / clip
        if not CLIP.fullmatch(clip) or not path.is_file():
            return None
        with av.open(str(path), "r") as container:
            for frame in container.decode(video=0):
                if frame.time >= second:
                    return _jpeg(frame)
        return None


def _moment(at: str, second: float) -> datetime:
    return datetime.fromisoformat(at) + timedelta(seconds=second)


def _jpeg(frame: av.VideoFrame) -> bytes:
    encoder = av.CodecContext.create("mjpeg", "w")
    assert isinstance(encoder, VideoCodecContext)  # noqa: S101 - as its name says
    picture = frame.reformat(format="yuvj420p")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    picture.pts, picture.time_base = 0, encoder.time_base
    return b"".join(bytes(one) for one in (*encoder.encode(picture), *encoder.encode(None)))


def server(workspace: Path, port: int) -> ThreadingHTTPServer:
    """Return the page's server on loopback; 0 takes any port."""
    workshop = Workshop(workspace)

    class Page(BaseHTTPRequestHandler):
        """Three resources: the page, the state, a frame."""

        def do_GET(self) -> None:
            """Answer."""
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/":
                self._send("text/html; charset=utf-8", (HERE / "live.html").read_bytes())
            elif parts.path == "/state":
                self._send("application/json", msgspec.json.encode(workshop.state()))
            elif parts.path == "/frame":
                self._send("image/jpeg", _asked_frame(workshop, asked))
            else:
                self._send("text/plain", None)

        def _send(self, kind: str, content: bytes | None) -> None:
            self.send_response(HTTPStatus.NOT_FOUND if content is None else HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: Any) -> None:
            """Say nothing: a page that asks every second would fill the screen."""

    return ThreadingHTTPServer(("127.0.0.1", port), Page)


def _asked_frame(workshop: Workshop, asked: dict[str, str]) -> bytes | None:
    try:
        return workshop.frame(asked.get("clip", ""), float(asked.get("second", "0")))
    except (ValueError, av.FFmpegError):  # no number, or a clip that is just being written
        return None


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=8090, help="on 127.0.0.1")
    options = parser.parse_args()
    with server(HERE, options.port) as listening:
        print(f"http://127.0.0.1:{listening.server_port}", flush=True)
        try:
            listening.serve_forever()
        except KeyboardInterrupt:
            print("bye")


if __name__ == "__main__":
    main()
