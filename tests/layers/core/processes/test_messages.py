"""Requests and responses are gunicorn's own; only what never changes is not worked out again."""

import time
from email.utils import parsedate_to_datetime

import pytest
from gunicorn.config import Config
from gunicorn.http import message, wsgi
from gunicorn.http.errors import ParseException
from gunicorn.http.unreader import IterUnreader

from minerva.layers.core.processes import messages
from minerva.layers.core.processes.messages import Request, Response, settle

CALLER = ("127.0.0.1", 40_000)
PARTS = ("method", "uri", "path", "query", "fragment", "version", "headers", "scheme")
HEAD = b"Host: localhost\r\nX-Forwarded-Proto: https\r\nContent-Length: 2\r\n"
PREDICT = b"POST /v1/services/churn/predict HTTP/1.1"


@pytest.fixture
def cfg():
    """Settings as a worker of ours has them: no caller is a proxy to trust."""
    made = Config()
    made.set("forwarded_allow_ips", "")
    made.set("secure_scheme_headers", {})
    made.set("forwarder_headers", "")
    return made


@pytest.fixture(autouse=True)
def _nothing_known():
    messages._LINES.clear()


def read(kind, cfg, line, head=HEAD):
    """What a request says, or the error that refuses it."""
    try:
        request = kind(cfg, IterUnreader([line + b"\r\n" + head + b"\r\n{}"]), CALLER)
    except ParseException as error:
        return type(error), str(error)
    return {part: getattr(request, part) for part in PARTS}, request.body.read()


@pytest.mark.parametrize(
    "line",
    [
        PREDICT,
        b"POST /v1/services/churn/predict HTTP/1.0",
        b"GET /v1/services/churn/predict HTTP/1.1",
        b"POST /v1/services/churn/predict?explain=true HTTP/1.1",
        b"POST /v1/services/churn/predict#x HTTP/1.1",
        b"POST /v1/services/ch%20urn/predict HTTP/1.1",
        b"POST http://other/v1/services/churn/predict HTTP/1.1",
        b"POST /" + 300 * b"a" + b" HTTP/1.1",
        b"POST /v1/services/churn/predict HTTP/1.1 ",
        b"POST /v1/services/churn/predict HTTP/2.0",
        b"POST /v1/services/ch\xc3\xbcrn/predict HTTP/1.1",
        b"post /v1/services/churn/predict HTTP/1.1",
        b"POST  HTTP/1.1",
        b"",
    ],
)
def test_a_line_is_understood_as_gunicorn_does_each_time(cfg, line):
    expected = read(message.Request, cfg, line)

    assert [read(Request, cfg, line) for _ in range(3)] == [expected] * 3


def test_lines_between_others_keep_their_own_meaning(cfg):
    lines = [b"POST /v1/services/s%d/predict HTTP/1.1" % number for number in range(20)] * 2

    paths = [read(Request, cfg, line)[0]["path"] for line in lines]

    assert paths == [f"/v1/services/s{number}/predict" for number in range(20)] * 2


def test_callers_who_always_ask_something_else_fill_no_memory(cfg):
    for number in range(2 * messages.MOST_KNOWN):
        read(Request, cfg, b"GET /v1/jobs/%d HTTP/1.1" % number)
        assert len(messages._LINES) <= messages.MOST_KNOWN


@pytest.mark.parametrize(
    "line", [b"GET /a?key=mk_secret HTTP/1.1", b"GET /" + 300 * b"a" + b" HTTP/1.1"]
)
def test_a_query_or_a_long_line_is_not_kept(cfg, line):
    read(Request, cfg, line)

    assert not messages._LINES


@pytest.mark.parametrize("caller", [CALLER, "", b""])
def test_nobody_is_believed_that_they_speak_for_others(cfg, caller):
    cfg.set("forwarded_allow_ips", "*")
    cfg.set("secure_scheme_headers", {"X-FORWARDED-PROTO": "https"})
    sent = [PREDICT + b"\r\n" + HEAD + b"\r\n{}"]

    assert Request(cfg, IterUnreader(sent), caller).scheme == "http"


@pytest.mark.parametrize("head", [HEAD, HEAD + b"Connection: close\r\n"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("headers", [[], [("Content-Length", "2")], [("Upgrade", "websocket")]])
def test_an_answer_begins_as_gunicorns_does(cfg, head, version, headers):
    request = Request(
        cfg, IterUnreader([b"GET / HTTP/" + version + b"\r\n" + head + b"\r\n"]), CALLER
    )
    begun = []
    for kind in (wsgi.Response, Response):
        response = kind(request, None, cfg)
        response.start_response("200 OK", headers)
        lines = response.default_headers()
        begun.append([line for line in lines if not line.startswith("Date: ")])
        (date,) = (line for line in lines if line.startswith("Date: "))
        told = parsedate_to_datetime(date.removeprefix("Date: ").rstrip())
        assert abs(told.timestamp() - time.time()) < 60

    assert begun[0] == begun[1]


def test_each_second_has_its_own_date():
    told = [messages._date(second) for second in (0, 1, 0, 86_400)]

    assert told == [
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:01 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 02 Jan 1970 00:00:00 GMT",
    ]


def test_settings_are_the_same_once_they_are_settled(cfg):
    cfg.set("bind", ["127.0.0.1:9"])
    before = {name: getattr(cfg, name) for name in cfg.settings}

    settle(cfg)

    assert {name: getattr(cfg, name) for name in cfg.settings} == before
    assert cfg.address == [("127.0.0.1", 9)]
