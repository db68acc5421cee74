"""The client follows a job's events over streams that break off."""

import pytest
from answering import hang_up

from minerva import errors

STREAM = "text/event-stream"


def test_follows_a_jobs_events_over_interrupted_streams(server, client):
    first = b'retry: 1\n\nid: 1\nevent: queued\ndata: {"number": 1,\ndata: "state": "queued"}\n\n'
    second = b': still here\n\nid: 2\ndata: {"number": 2, "state": "succeeded"}\n\n'
    server.prepared.extend([(200, first, STREAM), (200, second, STREAM), (204, b"", STREAM)])

    events = list(client.job_events("j1"))

    assert [event["number"] for event in events] == [1, 2]
    sent = [headers.get("Last-Event-ID") for _, _, headers, _ in server.asked]
    assert sent == [None, "1", "2"]


def test_tells_why_there_are_no_events(server, client):
    server.prepared.append((404, {"code": "not_found", "detail": "There is no job."}))

    with pytest.raises(errors.NotFound, match="There is no job"):
        next(client.job_events("j1"))


def test_a_stream_that_breaks_off_is_asked_for_again(server, client):
    def break_off(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\ndata")
        hang_up(handler)

    server.prepared.extend([break_off, (204, b"")])

    assert list(client.job_events("j1")) == []
    assert len(server.asked) == 2
