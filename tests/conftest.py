"""What all tests share: ports that parallel runs do not fight over, and the rule for programs.

No test is skipped. One that needs a program which `make test` does not install is marked `needs("chromium")`: on a
developer's machine without it the test is left out, and the summary names the package to install;
where `CI` is set, it fails and names it.
"""

import os
import random
import signal
import socket
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from programs import NAMES, advice, program

TESTS = Path(__file__).parent

FIRST_PORT, PORTS_PER_WORKER, WORKERS = 18_000, 1_500, 8
"""Below 32768, where the kernel takes ports for outgoing connections."""

UNMEASURED = {"benchmarks", "chaos", "docs", "examples", "interop", "legacy_stub", "main_job"}
"""Folders whose tests run programs as a whole, or others than Minerva: what those run of it, the
tests of its parts measure. Coverage takes such a process half of its time again."""
MEASURED = "COVERAGE_PROCESS_CONFIG"
"""The variable by which coverage follows into processes that tests start."""


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
    """The browser's program."""
    return program("chromium") or pytest.fail(advice("chromium"))


def pytest_configure(config: pytest.Config) -> None:
    """Tell of our marker, and hear Ctrl-C, as our children will.

    A run that a shell has put in the background inherits that it is ignored.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "needs(program): runs where this program is installed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a program that is missing here; the summary says so.

    Not under CI: there a test whose program is missing runs, and fails with what to install.
    """
    for item in items:
        if _unmeasured(item):
            item.add_marker("no_cover")
    if os.environ.get("CI"):
        return
    left_out = [item for item in items if any(program(name) is None for name in _needed(item))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keep coverage out of the processes of a test that shall not be measured."""
    configuration = os.environ.pop(MEASURED, None) if _unmeasured(item) else None
    try:
        return (yield)
    finally:
        if configuration is not None:
            os.environ[MEASURED] = configuration


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Say what to install rather than fail somewhere inside."""
    for name in _needed(item):
        if program(name) is None:
            pytest.fail(advice(name), pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what was left out: nobody shall take half of the tests for all."""
    for name in NAMES:
        if program(name) is None and not os.environ.get("CI"):
            terminalreporter.write_line(f"Some tests were left out: {advice(name)}.", yellow=True)


def _unmeasured(item: pytest.Item) -> bool:
    return item.path.relative_to(TESTS).parts[0] in UNMEASURED


def _needed(item: pytest.Item) -> list[str]:
    return [mark.args[0] for mark in item.iter_markers("needs")]
