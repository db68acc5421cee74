"""What web workers count: `/metrics` of any of them tells of all, whoever is asked and whoever died."""

import os
import re
import signal

from waiting import wait_until


def numbers(server) -> dict[str, float]:
    """The samples that a server tells, by name with labels."""
    connection = server.connection()
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    return {
        name: float(value)
        for name, value in re.findall(r"^(minerva\S*) (\S+)$", text, re.MULTILINE)
    }


def ask(server, body, times):
    """Ask for predictions, each on a connection of its own."""
    for _ in range(times):
        connection = server.connection()
        connection.request(
            "POST", "/v1/services/churn/predict", body, {"Content-Type": "application/json"}
        )
        assert connection.getresponse().status == 200
        connection.close()


def test_every_worker_tells_of_all(start, predict_body):
    server = start()
    before = numbers(server)['minerva_requests_total{status="2xx"}']

    ask(server, predict_body, 40)

    looks = 20
    seen = [numbers(server) for _ in range(looks)]
    counted = [one['minerva_requests_total{status="2xx"}'] for one in seen]
    assert counted == sorted(counted)
    # a request is counted in the moment after it is answered, so the last ones may be missing, and
    # the one that found the server ready may have been missing before
    assert before + 40 <= counted[-1] <= before + 40 + looks + 1
    assert all(one["minerva_request_seconds_total"] > 0 for one in seen)
    wait_until(lambda: numbers(server)["minerva_requests_in_flight"] == 1, what="the look alone")


def test_a_request_that_is_being_answered_is_in_flight_until_it_is(start, predict_body):
    server = start()
    large = predict_body + b" " * (300_000 - len(predict_body))
    slow = server.begin_slowly(large)
    slow.send(large[1:200_000])

    wait_until(lambda: numbers(server)["minerva_requests_in_flight"] == 2, what="it in flight")

    slow.send(large[200_000:])
    assert slow.getresponse().status == 200
    slow.close()
    wait_until(lambda: numbers(server)["minerva_requests_in_flight"] == 1, what="it answered")


def test_sums_outlive_a_worker_and_its_requests_do_not(start, predict_body):
    server = start()
    ask(server, predict_body, 20)
    large = predict_body + b" " * (300_000 - len(predict_body))
    slow = server.begin_slowly(large)
    slow.send(large[1:200_000])
    wait_until(lambda: numbers(server)["minerva_requests_in_flight"] == 2, what="it in flight")
    workers = server.workers()
    before = numbers(server)['minerva_requests_total{status="2xx"}']

    os.kill(server.holder(slow), signal.SIGKILL)
    wait_until(
        lambda: len(server.workers()) == 2 and server.workers() != workers, what="another worker"
    )

    wait_until(lambda: numbers(server)["minerva_requests_in_flight"] == 1, what="it forgotten")
    assert numbers(server)['minerva_requests_total{status="2xx"}'] > before
    slow.close()
