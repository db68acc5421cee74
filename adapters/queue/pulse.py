"""Whether the thread of a worker that takes messages goes on, as far as that can be seen from outside."""

from __future__ import annotations

import time
from typing import Any

from celery import Celery, bootsteps

EVERY_S = 1.0
HANGS_AFTER_S = 30.0


class Pulse:
    """Beats in the loop that takes messages, while there is a broker to take them from.

    While there is none the loop does not turn, and that is not the worker's fault: to end it would end its
    jobs.
    """

    def __init__(self) -> None:
        self._takes = False
        self._seen = 0.0

    def goes_on(self) -> bool:
        """Tell whether messages are taken, or cannot be taken because no broker is there."""
        return not self._takes or time.monotonic() - self._seen < HANGS_AFTER_S

    def join(self, app: Celery) -> None:
        """Beat in the workers of an application."""
        pulse = self

        class Beating(bootsteps.StartStopStep):
            requires = ("celery.worker.consumer.tasks:Tasks",)

            def start(self, parent: Any) -> None:
                pulse.begin()
                self.entry = parent.timer.call_repeatedly(EVERY_S, pulse.beat)

            def stop(self, _parent: Any) -> None:
                pulse.end()
                self.entry.cancel()

        app.steps["consumer"].add(Beating)

    def begin(self) -> None:
        """There is a broker from now on."""
        self.beat()
        self._takes = True

    def beat(self) -> None:
        """The loop turns."""
        self._seen = time.monotonic()

    def end(self) -> None:
        """There is no broker any more, or the worker is about to end."""
        self._takes = False
