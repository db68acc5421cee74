"""A real web server: drains on SIGTERM, survives a killed worker, listens on ports and sockets."""

import http.client
import json
import os
import signal

import psutil
import pytest
from waiting import wait_until

from minerva.layers.core.processes.gunicorn import web_options
from minerva.settings import load


def finish(connection, body):
    """Send what is left of a body; return the response."""
    connection.send(body[1:])
    return connection.getresponse()


def predictions(response):
    return [row["churn"] for row in json.loads(response.read())["predictions"]]


def test_a_request_in_flight_is_finished_when_told_to_stop(start, predict_body):
    server = start()
    slow = server.begin_slowly(predict_body)
    worker = psutil.Process(wait_until(lambda: server.holder(slow), what="the connection"))

    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: server.get("/livez") is None, what="the end of listening")
    assert worker.is_running()
    slow.send(predict_body[1:])
    response = slow.getresponse()

    assert response.status == 200
    assert predictions(response) == ["No"]
    assert server.process.wait(60) == 0
    slow.close()


def test_a_killed_worker_takes_only_its_own_requests_along(start, predict_body):
    server = start()
    slow = [server.begin_slowly(predict_body) for _ in range(6)]
    holders = wait_until(
        lambda: (found := [server.holder(one) for one in slow]) and all(found) and found,
        what="the connections",
    )
    victim = holders[0]

    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in server.workers(), what="the end of the victim")

    for _ in range(10):
        assert server.get("/livez") == (200, {"status": "alive"})
    for connection, holder in zip(slow, holders, strict=True):
        if holder == victim:
            with pytest.raises((http.client.HTTPException, OSError)):
                finish(connection, predict_body)
        else:
            assert predictions(finish(connection, predict_body)) == ["No"]
        connection.close()
    wait_until(lambda: len(set(server.workers()) - {victim}) == 2, what="another worker")


def test_an_event_stream_does_not_hold_up_the_stop(start):
    server = start()
    connection = server.connection()
    connection.request("POST", "/v1/services/churn/train")
    job_id = json.loads(connection.getresponse().read())["job"]["id"]
    connection.request("GET", f"/v1/jobs/{job_id}/events", headers={"Accept": "text/event-stream"})
    stream = connection.getresponse()
    assert b"retry" in stream.readline()

    server.process.send_signal(signal.SIGTERM)

    assert b"event: queued" in stream.read()
    assert server.process.wait(30) == 0
    connection.close()


def test_a_chunked_body_above_the_limit_is_refused(start):
    server = start(MINERVA_MAX_BODY_BYTES="1000")
    connection = server.connection()

    connection.request(
        "POST",
        "/v1/services/churn/predict",
        body=iter([b"x" * 600, b"x" * 600]),
        headers={"Content-Type": "application/json"},
        encode_chunked=True,
    )

    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["code"]) == (413, "too_large")
    connection.close()


def test_a_connection_is_kept_for_the_next_request(start, predict_body):
    server = start()
    connection = server.connection()
    headers = {"Content-Type": "application/json"}
    for _ in range(3):
        connection.request("POST", "/v1/services/churn/predict", predict_body, headers)
        assert predictions(connection.getresponse()) == ["No"]
    ours = connection.sock.getsockname()

    connection.request("GET", "/livez")
    connection.getresponse().read()

    assert connection.sock.getsockname() == ours
    connection.close()


def test_the_server_logs_in_our_format_and_the_web_process_loads_no_training_library(start, predict_body):  # fmt: skip
    server = start()
    connection = server.connection()
    headers = {"Content-Type": "application/json", "X-Request-ID": "r-1"}
    connection.request("POST", "/v1/services/churn/predict", predict_body, headers)
    connection.getresponse().read()
    worker = server.holder(connection)
    connection.close()

    def events():
        return {line["event"] for line in server.log() if line.get("request_id") == "r-1"}

    wait_until(lambda: events() >= {"prediction.answered", "request.finished"}, what=events)
    assert all(line["component"] == "web" for line in server.log())
    assert any(line.get("logger") == "gunicorn.error" for line in server.log())
    loaded = " ".join(entry.path for entry in psutil.Process(worker).memory_maps())
    assert "pandas" not in loaded
    assert "sklearn" not in loaded


@pytest.mark.parametrize(
    ("environment", "binds"),
    [
        ({}, ["127.0.0.1:8080"]),
        ({"MINERVA_HOST": "::1", "MINERVA_PORT": "9000"}, ["[::1]:9000"]),
        ({"MINERVA_SOCKET": "/run/m.sock"}, ["127.0.0.1:8080", "unix:/run/m.sock"]),
        ({"MINERVA_SOCKET": "/run/m.sock", "MINERVA_PORT": "0"}, ["unix:/run/m.sock"]),
    ],
)
def test_settings_say_where_to_listen(tmp_path, environment, binds):
    assert web_options(load(tmp_path, environment)).binds == binds
