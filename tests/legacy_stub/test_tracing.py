"""Ids: made, carried on, refused when malformed."""

import re

import pytest

from legacy_stub.tracing import Trace

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_the_ids_of_a_caller_are_carried_on():
    trace = Trace.received("order-17", f"00-{TRACE_ID}-00f067aa0ba902b7-01")

    assert trace == Trace("order-17", TRACE_ID)


@pytest.mark.parametrize("sent", [None, "", "a b", "x" * 65, "line\nbreak", "\N{PILE OF POO}"])
def test_a_request_id_that_could_do_harm_is_replaced(sent):
    assert re.fullmatch(r"legacy-[0-9a-f]{16}", Trace.received(sent, None).request_id)


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "",
        f"00-{TRACE_ID}",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE_ID.upper()}-1-1",
    ],
)
def test_a_trace_that_is_none_begins_here(sent):
    trace_id = Trace.received(None, sent).trace_id

    assert re.fullmatch(r"[0-9a-f]{32}", trace_id)
    assert trace_id != "0" * 32


def test_every_call_is_a_span_of_its_own_in_the_same_trace():
    trace = Trace.new()

    first, second = trace.headers(), trace.headers()

    assert first["X-Request-ID"] == second["X-Request-ID"] == trace.request_id
    assert first["traceparent"] != second["traceparent"]
    assert re.fullmatch(rf"00-{trace.trace_id}-[0-9a-f]{{16}}-01", first["traceparent"])


def test_named_work_has_the_same_ids_after_a_restart():
    assert Trace.named("prepared-1-abc") == Trace.named("prepared-1-abc")
    assert Trace.named("prepared-1-abc").trace_id != Trace.named("prepared-2-abc").trace_id


def test_a_part_of_the_work_has_an_id_of_its_own_in_the_same_trace():
    whole = Trace.named("all")

    assert whole.part(7) == Trace("all-007", whole.trace_id)
