"""Frames are taken out of videos, and what is no video, or leads elsewhere, is told."""

import re
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import msgspec
import numpy as np
import pytest

from minerva import Items, StepContext
from minerva.adapters.outward.connecting import Connecting
from minerva.adapters.steps.frames import Frames, FramesParameters
from minerva.layers.abstraction.flows.volume import RequestVolume
from minerva.schema import Field, FieldType

SECONDS, RATE = 4, 5
WIDTH, HEIGHT = 96, 64
RUN = "0" * 32


def pictures():
    """A square that moves three pixels to the right with each frame."""
    for number in range(SECONDS * RATE):
        picture = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
        picture[20:40, 3 * number : 3 * number + 20] = (220, 200, 180)
        yield av.VideoFrame.from_ndarray(picture, format="rgb24")


def film(container="mp4", codec="mpeg4", **options):
    """The bytes of a short video."""
    with tempfile.NamedTemporaryFile() as file:
        with av.open(file.name, "w", format=container, options=options) as written:
            stream = written.add_stream(codec, rate=RATE)
            stream.width, stream.height = WIDTH, HEIGHT
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for picture in pictures():
                written.mux(stream.encode(picture))
            written.mux(stream.encode(None))
        return file.read()


@pytest.fixture
def workspace(tmp_path):
    """A folder with a video."""
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "clip.mp4").write_bytes(film(movflags="faststart"))
    return tmp_path


@pytest.fixture
def take(workspace):
    """Return what the step makes of videos, and what it says of those that fail."""

    def taken(*videos, seconds_left=60.0, connecting=None, **parameters):
        step, failed = Frames(connecting), {}
        wanted = msgspec.convert({"below": "videos", **parameters}, FramesParameters)
        fields = {"video": Field(type=FieldType.TEXT)}
        items = Items.single(fields, {"video": np.array(videos, object)}, len(videos))
        context = StepContext(
            parameters=wanted,
            fields=step.outputs(fields, wanted),
            workspace=workspace,
            volume=RequestVolume(workspace / "volume", RUN, 10),
            seconds_left=seconds_left,
            fail=lambda row, why: failed.update({row: str(why)}),
        )
        return step.run(items, context), failed

    return taken


def shown(workspace, name):
    """The picture in the volume, shape (height, width, 3)."""
    with av.open(str(RequestVolume(workspace / "volume", RUN, 10).path(name))) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def test_frames_come_at_regular_intervals_in_the_order_of_time(take, workspace):
    made, failed = take("clip.mp4")

    assert failed == {}
    assert made.columns["second"].tolist() == [0, 1, 2, 3]
    assert made.of.tolist() == [0, 0, 0, 0]
    assert made.columns["name"][2] == "clip-0002000.jpeg"
    lefts = [
        int(np.flatnonzero(shown(workspace, name)[30, :, 0] > 130)[0])
        for name in made.columns["file"]
    ]
    assert np.allclose(lefts, [0, 15, 30, 45], atol=2)


def test_each_video_has_its_own_rows(take):
    made, _ = take("clip.mp4", "clip.mp4", every_s=2)

    assert made.of.tolist() == [0, 0, 1, 1]
    assert made.columns["second"].tolist() == [0, 2, 0, 2]


def test_no_more_frames_are_read_than_are_wanted(take):
    made, _ = take("clip.mp4", every_s=0.2, most=3)

    assert made.columns["second"].tolist() == [0, 0.2, 0.4]


def test_large_pictures_are_made_smaller_and_keep_their_proportion(take, workspace):
    made, _ = take("clip.mp4", width=48, height=48, most=1, encoding="png")

    assert made.columns["file"][0].endswith(".png")
    assert shown(workspace, made.columns["file"][0]).shape == (32, 48, 3)


@pytest.mark.parametrize(
    ("container", "codec"),
    [("matroska", "mpeg4"), ("avi", "mjpeg"), ("mpegts", "mpeg4")],
)
def test_other_formats_are_read_too(take, workspace, container, codec):
    (workspace / "videos" / "other").write_bytes(film(container, codec))

    made, failed = take("other")

    assert failed == {}
    assert len(made.of) == SECONDS


def test_a_file_of_the_volume_is_read_where_no_folder_is_named(take, workspace):
    RequestVolume(workspace / "volume", RUN, 10).write("came.mp4", film())

    made, _ = take("came.mp4", below=None, most=1)

    assert len(made.of) == 1


PLAYLIST = (
    b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:%d/x.ts\n#EXT-X-ENDLIST\n"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is empty", id="empty"),
        (b"PK\x03\x04" + bytes(5000), "no video that can be read"),
        (film()[:900], "no (video|pictures)"),
        (film(movflags="faststart")[:1500], r"breaks off after \d.\d of 4.0 s"),
    ],
)
def test_what_is_no_whole_video_fails_alone(take, workspace, content, message):
    (workspace / "videos" / "bad.mp4").write_bytes(content)

    made, failed = take("bad.mp4", "clip.mp4", every_s=2)

    assert made.of.tolist() == [1, 1]
    assert list(failed) == [0]
    assert re.search(message, failed[0])


def test_words_in_a_video_that_are_no_text_do_not_matter(take, workspace):
    content = film(movflags="faststart")
    assert b"Lavf" in content
    (workspace / "videos" / "odd.mp4").write_bytes(content.replace(b"Lavf", b"L\xffvf"))

    made, failed = take("odd.mp4")

    assert failed == {}
    assert len(made.of) == SECONDS


def test_pictures_of_a_codec_that_nobody_knows_are_told(take, workspace):
    content = film("matroska")
    assert b"V_MPEG4" in content
    (workspace / "videos" / "odd.mkv").write_bytes(content.replace(b"V_MPEG4", b"V_KLING"))

    _, failed = take("odd.mkv")

    assert "no pictures that can be decoded" in failed[0]


@pytest.mark.parametrize(
    "place", ["none.mp4", "../volume", "/etc/passwd", "", "x\0y", "../videos/../minerva.toml"]
)
def test_a_name_that_leads_to_no_video_below_the_folder_is_refused(take, place):
    _, failed = take(place)

    assert "no such video below the folder" in failed[0]


def test_pictures_that_are_too_large_are_refused_before_they_are_decoded(take):
    _, failed = take("clip.mp4", max_pixels=WIDTH * HEIGHT - 1)

    assert "more than 6143 pixels" in failed[0]


def test_a_file_that_takes_too_long_fails(take):
    _, failed = take("clip.mp4", seconds_left=1e-9)

    assert "takes longer to be read" in failed[0]


class Camera(BaseHTTPRequestHandler):
    """Answers by path: a file, a stream that never ends, or a status."""

    def do_GET(self):
        self.server.asked.append(self.path)
        body = {"/clip.mp4": film(), "/list.m3u8": PLAYLIST % self.server.server_port}
        if self.path in {"/live", "/stuck"}:
            self._stream()
        elif self.path in body:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body[self.path])))
            self.end_headers()
            self.wfile.write(body[self.path])
        else:
            self.send_response(int(self.path.strip("/")))
            self.end_headers()

    def _stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=ffmpeg")
        self.end_headers()
        frames = film("mpjpeg", "mjpeg").removesuffix(b"--ffmpeg\r\n")
        try:
            while not self.server.over.is_set():
                self.wfile.write(frames)
                self.server.over.wait(60 if self.path == "/stuck" else 0)
        except OSError:
            pass

    def log_message(self, *_):
        pass


@pytest.fixture
def camera():
    """A camera on loopback: the server, and the address that it has."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    server.asked, server.over = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def address(camera):
    return f"http://127.0.0.1:{camera.server_port}"


LISTED = {"hosts": ["127.0.0.1"]}


def test_a_video_at_a_listed_host_is_fetched(take, address):
    made, failed = take(f"{address}/clip.mp4", every_s=2, **LISTED)

    assert failed == {}
    assert made.columns["name"].tolist() == ["clip-0000000.jpeg", "clip-0002000.jpeg"]


def test_a_stream_without_an_end_gives_as_many_frames_as_are_wanted(take, address):
    made, failed = take(f"{address}/live", most=30, every_s=0.01, **LISTED)

    assert failed == {}
    assert len(made.of) == 30
    assert min(np.diff(made.columns["second"])) > 0


def test_a_stream_is_left_when_its_time_is_over(take, address):
    made, failed = take(f"{address}/live", most=100_000, every_s=0.05, read_s=6, **LISTED)

    assert failed == {}
    assert 0 < len(made.of) < 100_000


def test_of_a_stream_that_is_stuck_what_came_in_time_is_taken(take, address):
    made, failed = take(f"{address}/stuck", read_s=6, every_s=1e-6, **LISTED)

    assert failed == {}
    assert len(made.of) > 10


def test_a_playlist_in_place_of_a_video_leads_nowhere(take, address, camera):
    _, failed = take(f"{address}/list.m3u8", **LISTED)

    assert "no video that can be read" in failed[0]
    assert camera.asked == ["/list.m3u8"]


def test_more_bytes_than_are_allowed_are_not_fetched(take, address):
    _, failed = take(f"{address}/clip.mp4", max_bytes=1000, **LISTED)

    assert "more than 1000 bytes" in failed[0]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://camera.example.org/clip.mp4", "none of the `hosts`"),
        ("rtsp://127.0.0.1/live", "neither http nor https"),
        ("file:///etc/passwd", "neither http nor https"),
        ("http://127.0.0.1:99999/x", "cannot be read"),
        ("http://[::1/x", "cannot be read"),
    ],
)
def test_other_urls_are_refused_and_never_asked_for(take, url, message):
    _, failed = take(url, **LISTED)

    assert message in failed[0]


def test_a_listed_name_that_leads_to_a_private_address_is_refused(take):
    connecting = Connecting(lambda _host, _port: ["169.254.169.254"])

    _, failed = take("http://cam.example.org/x", hosts=["cam.example.org"], connecting=connecting)

    assert "private or local address" in failed[0]


@pytest.mark.parametrize("status", [302, 404, 503])
def test_what_a_host_refuses_fails_alone(take, address, status):
    made, failed = take(f"{address}/{status}", "clip.mp4", every_s=2, **LISTED)

    assert failed == {0: f"127.0.0.1 answered {status}."}
    assert made.of.tolist() == [1, 1]


def test_a_host_that_is_away_fails_alone(take, free_port):
    made, failed = take(f"http://127.0.0.1:{free_port()}/x.mp4", "clip.mp4", every_s=2, **LISTED)

    assert "127.0.0.1 could not be asked" in failed[0]
    assert made.of.tolist() == [1, 1]
