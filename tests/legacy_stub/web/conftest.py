"""What the tests of the web interface share: the application, with and without scores."""

import threading

import pytest

from legacy_stub.clock import now
from legacy_stub.scoring import score_everyone
from legacy_stub.tracing import Trace
from legacy_stub.web.app import create_app


@pytest.fixture
def deadline():
    """Seconds in which the sidecar must answer: many, unless a test is about a sidecar that does not."""
    return 60.0


@pytest.fixture
def app(sqlite_engine, sidecar, deadline):
    return create_app(sqlite_engine, sidecar, deadline, frozenset())


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def scored(sqlite_engine, sidecar):
    """Everybody has a score."""
    score_everyone(sqlite_engine, sidecar, Trace("run", "a" * 32), now, threading.Event())
