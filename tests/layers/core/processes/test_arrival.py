"""A request is whole when its last byte has come, however it is cut; and then the parser never waits."""

import gunicorn.config
import pytest
from gunicorn.http.body import Body
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import Unreader
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.core.processes.arrival import MOST_GATHERED, MOST_HEAD, Arrival, Stage

HEAD = b"POST /v1 HTTP/1.1\r\nHost: sidecar\r\n"


def counted(body):
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(pieces, trailer=b""):
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n" + trailer + b"\r\n"


REQUESTS = st.one_of(
    st.just(b"GET /livez HTTP/1.1\r\n\r\n"),
    st.binary(max_size=50).map(counted),
    st.builds(
        chunked, st.lists(st.binary(max_size=20), max_size=4), st.sampled_from([b"", b"A: b\r\n"])
    ),
)
SHREDS = st.lists(
    st.sampled_from(
        [
            b"POST / HTTP/1.1\r\n",
            b"GET / HTTP/1.0\r\n",
            b"Content-Length: 5\r\n",
            b"content-length : 2\r\n",
            b"Content-Length: 99999999999999999999\r\n",
            b"Transfer-Encoding: chunked\r\n",
            b"Transfer-Encoding: gzip, chunked\r\n",
            b"Transfer-Encoding:\r\n chunked\r\n",
            b"Expect: 100-continue\r\n",
            b"Host: a\r\n",
            b"X: \r\n",
            b"\r\n",
            b"\n",
            b"\r",
            b" ",
            b":",
            b"0",
            b"5\r\nhello\r\n",
            b"5;a=b\r\nhello\r\n",
            b"fffffffffffffffffffff\r\n",
            b"0\r\n",
            b"hello",
            b"\xff",
        ]
    )
    | st.binary(max_size=4),
    max_size=12,
).map(b"".join)


class Nobody(Unreader):
    """A caller who sends no more."""

    def chunk(self, size_hint=None):
        raise AssertionError("the parser waits")


def fed(data, cuts=()):
    """Return the stages after each cut, and at the end."""
    arrival, stages, start = Arrival(), [], 0
    for cut in [*sorted(cuts), len(data)]:
        arrival.data += data[start:cut]
        start = max(start, cut)
        stages.append(arrival.stage())
    return stages


@given(REQUESTS, st.data())
def test_a_request_is_whole_with_its_last_byte(request_, data):
    cuts = data.draw(st.lists(st.integers(1, len(request_) - 1), unique=True, max_size=5))

    assert fed(request_, cuts) == [Stage.PARTIAL] * len(cuts) + [Stage.WHOLE]


@given(REQUESTS, SHREDS)
def test_what_follows_a_request_changes_nothing(request_, more):
    assert fed(request_ + more) == [Stage.WHOLE]


@given(SHREDS, st.lists(st.integers(0, 200), max_size=3))
def test_what_is_whole_never_makes_the_parser_wait(data, cuts):
    arrival, start = Arrival(), 0
    for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        arrival.data += data[start:cut]
        start = cut
        if arrival.stage() is Stage.WHOLE:
            break
    else:
        return
    unreader = Nobody()
    unreader.unread(bytes(arrival.data))

    try:
        body = Request(gunicorn.config.Config(), unreader, ("127.0.0.1", 1)).body
        assert isinstance(body, Body)
        body.read()
    except (ParseException, NoMoreData, StopIteration):
        pass


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: %d\r\n" % (MOST_GATHERED + 1),
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: 5\r\nExpect: 100-continue\r\n",
        b"Content-Length: 5\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (MOST_GATHERED + 1),
    ],
)
def test_what_may_be_waited_for_needs_a_place(fields):
    assert fed(HEAD + fields + b"\r\n") == [Stage.LARGE]


def test_small_chunks_without_an_end_need_a_place():
    chunks = b"1\r\na\r\n" * (MOST_GATHERED // 6 + 1)

    assert fed(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks) == [Stage.LARGE]


def test_a_head_without_an_end_is_given_up():
    assert fed(HEAD + b"A: b\r\n" * (MOST_HEAD // 6)) == [Stage.ENDLESS]
