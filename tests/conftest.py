"""What all tests share: ports that parallel runs do not fight over, and the rule for programs.

No test is skipped. One that needs a program which `make test` does not install is marked `needs("chromium")`: on a
developer's machine without it the test is left out, and the summary names the package to install;
where `CI` is set, it fails and names it.
"""

import gc
import os
import random
import signal
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from programs import NAMES, advice, program
from structlog.dev import ConsoleRenderer, plain_traceback

from chaos.waiting import is_free

TESTS = Path(__file__).parent

FIRST_PORT, PORTS_PER_WORKER, WORKERS = 18_000, 1_500, 8
"""Below 32768, where the kernel takes ports for outgoing connections."""

UNMEASURED = {
    "benchmarks",
    "chaos",
    "containers",
    "docs",
    "examples",
    "interop",
    "legacy_stub",
    "main_job",
}
"""Folders whose tests run programs as a whole, or others than Minerva: what those run of it, the
tests of its parts measure."""
FOLLOWED = {
    "adapters/engines/test_refusals.py",
    "adapters/engines/test_training.py",
    "layers/abstraction/runtimes/test_suspects.py",
    "layers/core/processes",
    "minerva/cli/test_logs.py",
    "minerva/cli/test_up.py",
    "minerva/testing/algorithm/test_reading.py",
    "minerva/testing/algorithm/test_run.py",
}
"""Files, or whole folders, whose tests start processes that run what no test runs in its own: entry
points, and what lives behind them. Coverage follows into these only: it doubles the time of a process,
and what all the others run is measured already."""
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
        return next(port for port in ports if is_free(port))

    return draw


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's program. What is expected of its pages may take longer than Playwright's 5 s."""
    found = program("chromium") or pytest.fail(advice("chromium"))
    from playwright.sync_api import expect

    expect.set_options(timeout=60_000)
    return found


def pytest_configure(config: pytest.Config) -> None:
    """Tell of our marker, tell exceptions plainly, and hear Ctrl-C, as our children will.

    Where nothing is configured, structlog draws every frame with its variables: half a minute of
    computing for one exception out of Flask. That a run shall ignore Ctrl-C it inherits from a shell
    that has put it in the background.
    """
    _be_patient()
    for name in UNMEASURED | FOLLOWED:
        if not (TESTS / name).exists():
            raise pytest.UsageError(f"tests/conftest.py names {name}, which is not there")
    ConsoleRenderer.get_active().exception_formatter = plain_traceback
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", "needs(program): runs where this program is installed")


def _be_patient() -> None:
    """Let examples of property tests take their time: a busy machine may stop them for seconds.

    They may share what a test's fixtures have made.
    """
    usual = settings.get_profile(settings.get_current_profile_name())
    borne = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    settings.register_profile("patient", usual, deadline=None, suppress_health_check=borne)
    settings.load_profile("patient")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a program that is missing here; the summary says so.

    Not under CI: there a test whose program is missing runs, and fails with what to install.
    """
    for item in items:
        if _among(UNMEASURED, item):
            item.add_marker("no_cover")
    if os.environ.get("CI"):
        return
    left_out = [item for item in items if any(program(name) is None for name in _needed(item))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Keep what all tests are made of out of every look for garbage: that took a fifth of their time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keep coverage out of the processes of a test, unless they alone run something."""
    configuration = None if _among(FOLLOWED, item) else os.environ.pop(MEASURED, None)
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


def _among(names: set[str], item: pytest.Item) -> bool:
    path = item.path.relative_to(TESTS)
    return not names.isdisjoint(map(str, (path, *path.parents)))


def _needed(item: pytest.Item) -> list[str]:
    return [mark.args[0] for mark in item.iter_markers("needs")]
