"""The clock: what keeps one part of a tick from being done keeps nothing else from it."""

import pytest
from structlog.testing import capture_logs

from minerva.beat import tick
from minerva.errors import Unavailable


class Part:
    """A part that raises what it is made with."""

    def __init__(self, error):
        self.error = error

    def tick(self):
        raise self.error


@pytest.mark.parametrize(
    ("error", "event"),
    [
        (Unavailable("The database is away."), "beat.tick_failed"),
        (ValueError("nobody foresaw this"), "beat.tick_broken"),
    ],
)
def test_a_part_that_fails_is_told_and_the_clock_goes_on(error, event):
    with capture_logs() as logs:
        tick(Part(error))

    assert [(entry["event"], entry["part"]) for entry in logs] == [(event, "Part")]
