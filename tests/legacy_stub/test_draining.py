"""Answers under way are counted to their last byte."""

import pytest
from werkzeug.test import Client

from legacy_stub.draining import Draining


def plain(environ, start_response):
    start_response("200 OK", [])
    return [b"a", b"b"]


def test_an_answer_is_under_way_until_it_is_closed():
    draining = Draining(plain)
    client = Client(draining)
    assert draining.drained(0)

    answer = client.get("/", buffered=False)
    assert not draining.drained(0)

    answer.close()
    assert draining.drained(0)


def test_an_application_that_breaks_leaves_nothing_under_way():
    def broken(environ, start_response):
        raise ZeroDivisionError

    draining = Draining(broken)

    with pytest.raises(ZeroDivisionError):
        Client(draining).get("/")
    assert draining.drained(0)
