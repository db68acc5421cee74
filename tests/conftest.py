"""What all tests share: ports that parallel runs do not fight over, and the rule for browsers."""

import os
import random
import shutil
import socket
from collections.abc import Callable

import pytest

FIRST_PORT, PORTS_PER_WORKER, WORKERS = 18_000, 1_500, 8
"""Below 32768, where the kernel takes ports for outgoing connections."""


@pytest.fixture(scope="session")
def free_port(worker_id) -> Callable[[], int]:
    """A function that returns a TCP port on loopback that nobody listens on, another one each time.

    Every xdist worker draws from a range of its own.
    """
    number = 0 if worker_id == "master" else int(worker_id.removeprefix("gw")) % WORKERS
    first = FIRST_PORT + number * PORTS_PER_WORKER
    numbers = range(first, first + PORTS_PER_WORKER)
    ports = iter(random.SystemRandom().sample(numbers, len(numbers)))

    def draw() -> int:
        return next(port for port in ports if _free(port))

    return draw


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program. Without one, tests that need it are left out, except under CI."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    if os.environ.get("CI"):
        pytest.fail("CI is set, so Chromium must be there: .ci/run installs it")
    pytest.skip("no Chromium on PATH; .ci/run installs one")
