"""Ids of the caller are carried on if they are well-formed, and begin here otherwise."""

import pytest

from minerva.layers.core.http.trace import Trace

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def received(header="X-Request-ID", **headers):
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Trace.received(lambda name: named.get(name.lower()), header)


def test_a_request_id_is_carried_on():
    assert received(X_Request_ID="legacy-42").request_id == "legacy-42"


def test_the_legacy_apps_own_header_comes_first():
    trace = received("X-Correlation", X_Correlation="mine", X_Request_ID="other")

    assert trace.request_id == "mine"


def test_the_usual_header_is_taken_where_the_configured_one_is_missing():
    assert received("X-Correlation", X_Request_ID="other").request_id == "other"


@pytest.mark.parametrize("given", ["", "a b", "a\nb", "ä", "x" * 129, "tab\t"])
def test_a_malformed_request_id_is_replaced(given):
    made = received(X_Request_ID=given).request_id

    assert made != given
    assert len(made) == 32


def test_a_trace_is_continued_with_a_span_of_our_own():
    trace = received(traceparent=PARENT)

    assert trace.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert trace.span_id != "b7ad6b7169203331"
    assert trace.traceparent == f"00-{trace.trace_id}-{trace.span_id}-01"


def test_the_sampling_decision_is_kept():
    assert received(traceparent=PARENT[:-2] + "00").flags == "00"


def test_a_later_version_may_have_more_parts():
    assert received(traceparent="01" + PARENT[2:] + "-more").trace_id == PARENT[3:35]


@pytest.mark.parametrize(
    "given",
    [
        "",
        "nonsense",
        PARENT + "-more",
        "ff" + PARENT[2:],
        PARENT.upper(),
        "00-" + "0" * 32 + "-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
    ],
)
def test_a_malformed_trace_begins_anew(given):
    trace = received(traceparent=given)

    assert len(trace.trace_id) == 32
    assert trace.trace_id not in given.lower()
    assert trace.flags == "01"


def test_two_requests_share_no_id():
    one, other = received(), received()

    assert one.request_id != other.request_id
    assert one.trace_id != other.trace_id
