"""The rendered chart, mode by mode; and a real PostgreSQL."""

from collections.abc import Iterator

import pytest
from helm_chart import MODES, documents, render
from postgres import PostgreSQL, running


@pytest.fixture(params=sorted(MODES))
def mode(request) -> str:
    """The name of each documented mode in turn."""
    return request.param


@pytest.fixture
def objects(mode) -> list[dict]:
    """What a mode renders to."""
    return documents(render(mode))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real server for this run."""
    with running() as server:
        yield server
