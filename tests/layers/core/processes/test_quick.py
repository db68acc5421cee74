"""The loop answers what was seen to be quick, and leaves a service to threads while it is slow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.layers.core.processes.arrival import Arrival, Stage
from minerva.layers.core.processes.quick import (
    DOUBTFUL_S,
    LONGEST_REST_S,
    MOST_BYTES,
    MOST_SERVICES,
    QUICK_S,
    Quick,
)

BODY = b'{"records": [{"x": 1}]}'


def request(
    path=b"/v1/services/churn/predict", body=BODY, method=b"POST", form=b"application/json"
):
    """Return a request all of which has come."""
    head = b"%s %s HTTP/1.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    arrival = Arrival(head % (method, path, form, len(body)) + body)
    assert arrival.stage() is Stage.WHOLE
    return arrival


def may(quick, arrival, now=0.0):
    return quick.may(arrival.data, arrival.body_at, now) is not None


MANY = b", ".join([b'{"keys": 1, "explain": 2}'] * 100)
"""Records of a service whose fields are named so."""


@pytest.fixture
def quick():
    """What knows that churn is quick."""
    known = Quick()
    known.answered_by_thread(known.line(request().data), QUICK_S, QUICK_S, now=0.0)
    return known


def test_a_service_that_a_thread_answered_quickly_is_answered_in_the_loop(quick):
    assert may(quick, request())


def test_fields_may_be_named_as_what_takes_longer(quick):
    assert may(
        quick, request(body=b'{"records": [' + b'{"x": 1}, ' * 99 + MANY + b", {}" * 99 + b"]}")
    )


@pytest.mark.parametrize("slow", [(1.01 * DOUBTFUL_S, 0.0), (DOUBTFUL_S, 1.01 * QUICK_S)])
def test_what_nobody_knows_and_what_was_slow_goes_to_a_thread(slow):
    quick = Quick()
    assert not may(quick, request())

    quick.answered_by_thread(quick.line(request().data), *slow, now=0.0)

    assert not may(quick, request())


@pytest.mark.parametrize(
    "other",
    [
        request(b"/v1/services/other/predict"),
        request(b"/v1/services/churn/train"),
        request(b"/v2/models/churn/infer"),
        request(b"/v2/models/churn/ready"),
        request(method=b"GET"),
        request(form=b"application/x-ndjson"),
        request(body=b'{"keys": ["1"]}'),
        request(body=b'{"records": [], "keys": ["1"]}'),
        request(body=b'{"records": [{"x": 1}], "explain": true}'),
        request(body=b'{"records": [' + MANY + b'], "explain": true}'),
        request(body=b'{"explain": true, "records": [' + MANY + b"]}"),
        request(body=b" " * 100 + BODY),
        request(body=b""),
        request(body=BODY + b" " * MOST_BYTES),
    ],
    ids=lambda one: bytes(one.data[:40]).decode(),
)
def test_anything_else_goes_to_a_thread(quick, other):
    assert not may(quick, other)


TENSORS = b'{"inputs": [{"name": "x", "datatype": "INT64", "shape": [1]}]}'


def test_a_service_is_quick_by_each_protocol_for_itself(quick):
    path = b"/v2/models/churn/infer"
    assert not may(quick, request(path, TENSORS))

    quick.answered_by_thread(quick.line(request(path).data), QUICK_S, QUICK_S, now=0.0)

    assert may(quick, request(path, TENSORS))
    assert may(quick, request(path, TENSORS + b"\x00" * 8))
    assert not may(quick, request(path, TENSORS + b'{"explain": true}'))
    assert not may(quick, request(path, TENSORS + b'{"name": "explanation_x"}'))
    assert not may(quick, request(path, b""))


def test_a_body_of_unknown_length_goes_to_a_thread(quick):
    line = b"POST /v1/services/churn/predict HTTP/1.1\r\n"
    chunked = Arrival(line + b"Transfer-Encoding: chunked\r\n\r\n17\r\n" + BODY + b"\r\n0\r\n\r\n")
    assert chunked.stage() is Stage.WHOLE

    assert not may(quick, chunked)


def test_one_slow_answer_sends_a_service_to_threads_for_a_while(quick):
    line = quick.line(request().data)

    quick.answered_here(line, 0.05, 0.05, now=100.0)

    quick.answered_by_thread(line, 0.0, 0.0, now=100.9)
    assert not may(quick, request(), now=101.1)
    quick.answered_by_thread(line, 0.0, 0.0, now=101.0)
    assert may(quick, request(), now=101.1)


def test_a_service_that_became_slow_is_not_tried_again_until_a_thread_finds_it_quick(quick):
    line = quick.line(request().data)
    quick.answered_here(line, 2.0, 2.0, now=100.0)

    quick.answered_by_thread(line, 2.0, 0.0, now=5000.0)

    assert not may(quick, request(), now=5000.0)


@pytest.fixture
def doubtful():
    """What knows that a thread waited longer for churn than it computed: for the interpreter, or for a disk."""
    known = Quick()
    known.answered_by_thread(known.line(request().data), DOUBTFUL_S, QUICK_S, now=0.0)
    return known


def test_who_may_have_waited_for_the_interpreter_alone_is_tried_in_the_loop(doubtful):
    assert may(doubtful, request())

    doubtful.answered_here(doubtful.line(request().data), QUICK_S, QUICK_S, now=0.0)
    assert may(doubtful, request())


def test_one_answer_shows_that_it_was_something_else(doubtful):
    doubtful.answered_here(doubtful.line(request().data), 1.01 * QUICK_S, 1.01 * QUICK_S, now=0.0)

    assert not may(doubtful, request())


def test_a_thread_s_doubtful_answer_takes_back_nothing_of_what_the_loop_has_seen(quick):
    line = quick.line(request().data)
    quick.answered_here(line, 0.0, 0.0, now=0.0)
    quick.answered_by_thread(line, DOUBTFUL_S, 0.0, now=0.0)

    quick.answered_here(line, 0.005, 0.005, now=0.0)

    assert may(quick, request())


def test_who_had_to_wait_for_a_core_is_not_slow_unless_others_waited_for_long(quick):
    line = quick.line(request().data)
    for _ in range(100):
        quick.answered_here(line, DOUBTFUL_S, QUICK_S, now=0.0)
    assert may(quick, request())

    quick.answered_here(line, 1.01 * DOUBTFUL_S, 0.0, now=0.0)

    assert not may(quick, request())


def test_a_hiccup_is_forgiven(quick):
    quick.answered_here(quick.line(request().data), 0.005, 0.005, now=100.0)

    assert may(quick, request(), now=100.0)


def quick_again(quick, line, now):
    quick.answered_by_thread(line, 0.0, 0.0, now)
    return may(quick, request(), now)


@given(st.lists(st.floats(0.05, 5), min_size=1, max_size=30))
def test_who_is_slow_again_and_again_holds_the_loop_up_ever_more_rarely(slow):
    quick, now, rests = Quick(), 0.0, []
    line = quick.line(request().data)
    quick.answered_by_thread(line, 0.0, 0.0, now)
    for seconds in slow:
        quick.answered_here(line, seconds, seconds, now)
        rest = next(2.0**power for power in range(13) if quick_again(quick, line, now + 2.0**power))
        rests.append(rest)
        now += rest

    assert rests == sorted(rests)
    assert rests[-1] >= min(2.0 ** (len(slow) - 1), LONGEST_REST_S)


def test_names_that_callers_make_up_are_not_remembered_for_ever(quick):
    for number in range(MOST_SERVICES + 10):
        quick.answered_by_thread(
            b"POST /v1/services/%d/predict HTTP/1.1" % number, 0.0, 0.0, now=0.0
        )

    assert not may(quick, request(b"/v1/services/%d/predict" % (MOST_SERVICES + 5)))
    assert may(quick, request())
