"""Several real clocks on one database, of which some are killed: each due moment starts one job."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from waiting import wait_until

from minerva.layers.abstraction.registry.records import DEFAULT_TENANT

CLOCKS, MOMENTS, PATIENCE_S, TIMEOUT_S = 3, 25, 60, 10
START = datetime(2026, 3, 28, 20, tzinfo=UTC)
DECLARATION = {
    "service": "churn",
    "algorithm": "xgboost.classifier",
    "schema": {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "boolean"}}},
    "data": {"source": "csv", "path": "data.csv"},
    "monitoring": {"sample": 0},
}
SHORT_S = 1
"""The timeout of clocks that shall find the database locked."""
HOURLY = {"schedule": "0 * * * *", "timezone": "Europe/Berlin"}

NURSERY = """
    import os, signal, sys, time
    from dataclasses import replace
    from datetime import datetime
    from pathlib import Path
    from minerva.bootstrap import open_job, preload
    from minerva.errors import Unavailable
    from minerva.settings import load

    workspace = Path(sys.argv[1])
    settings = {"MINERVA_DATABASE_URL": sys.argv[2], "MINERVA_DATABASE_TIMEOUT_S": sys.argv[3]}

    def now():
        return datetime.fromisoformat((workspace / "time").read_text())

    def clock():
        while True:
            try:
                tick_on()
            except Unavailable as error:  # as it came, it may have found the database locked
                print(error, file=sys.stderr)

    def tick_on():
        with open_job(load(workspace, settings)) as container:
            jobs = replace(container.jobs, now=now)
            scheduler = replace(container.scheduler, now=now, jobs=jobs)
            while True:
                try:
                    scheduler.tick()
                except Unavailable as error:
                    print(error, file=sys.stderr)
                time.sleep(0.01)  # the others, and the test, need the processor too

    preload()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            os.dup2(2, 1)  # what it logs is no answer of the nursery's
            clock()
        print(child, flush=True)
"""


@dataclass
class Clocks:
    """Processes that are clocks on one database; they tell the time that a file tells."""

    workspace: Path
    nursery: subprocess.Popen[str]
    alive: list[int] = field(default_factory=list)

    def start(self) -> None:
        """Start one more."""
        self.nursery.stdin.write("one\n")
        self.nursery.stdin.flush()
        self.alive.append(int(self.nursery.stdout.readline()))

    def kill(self, process: int) -> None:
        """End one at once."""
        self.alive.remove(process)
        os.kill(process, signal.SIGKILL)

    def end(self) -> None:
        """End all of them."""
        for process in list(self.alive):
            self.kill(process)
        self.nursery.stdin.close()

    def show(self, moment: datetime) -> None:
        """Set the time of all of them."""
        new = self.workspace / "time.new"
        new.write_text(moment.isoformat())
        new.replace(self.workspace / "time")


@pytest.fixture
def clocks_on(tmp_path):
    """Make clocks on a database; none of them runs yet."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with ExitStack() as opened:

        def make(url, timeout_s=TIMEOUT_S):
            nursery = opened.enter_context(
                subprocess.Popen(
                    [
                        sys.executable,
                        "-c",
                        textwrap.dedent(NURSERY),
                        str(workspace),
                        url,
                        str(timeout_s),
                    ],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            made = Clocks(workspace, nursery)
            opened.callback(made.end)
            made.show(START)
            return made

        yield make


@pytest.fixture
def clocks(clocks_on, metadata_url):
    """Clocks on a database of each kind in turn."""
    return clocks_on(metadata_url)


def declare(stores, at=START, **training):
    """Declare the service as of a moment; return its revision."""
    declaration = DECLARATION | {"training": training}
    args = (DEFAULT_TENANT, "churn", f"digest of {training}", declaration, "tests", at)
    return stores.configurations.declare(*args).revision


def keys(stores):
    """Return the idempotency keys of all jobs, sorted."""
    return sorted(job.idempotency_key for job in stores.jobs.list(DEFAULT_TENANT, limit=500))


def dealt_with(stores):
    """Return up to when all is dealt with."""
    return next((one.since for one in stores.schedules.all()), None)


def test_clocks_that_are_killed_at_random_moments_start_each_job_once(stores, clocks):
    chance = random.Random(20260328)
    declare(stores, **HOURLY)
    for _ in range(CLOCKS):
        clocks.start()

    killed = 0
    for number in range(1, MOMENTS + 1):
        now = START + number * timedelta(hours=1)  # across the hour that Berlin skips
        clocks.show(now)
        if chance.random() < 0.8:
            moment = time.monotonic() + chance.uniform(0, 0.06)
            wait_until(lambda moment=moment: time.monotonic() >= moment)
            clocks.kill(chance.choice(clocks.alive))
            clocks.start()
            killed += 1
        wait_until(lambda now=now: dealt_with(stores) == now, PATIENCE_S)

    due = [START + number * timedelta(hours=1) for number in range(1, MOMENTS + 1)]
    assert keys(stores) == [f"schedule:churn:training.schedule:{at:%Y-%m-%dT%H:%M}" for at in due]
    assert killed >= MOMENTS // 2


def test_clocks_whose_time_jumps_start_nothing_twice(stores, clocks):
    declare(stores, **HOURLY)
    for _ in range(CLOCKS):
        clocks.start()
    hour = timedelta(hours=1)

    for number in range(1, 7):
        now = START + number * hour
        clocks.show(now)
        wait_until(lambda now=now: dealt_with(stores) == now, PATIENCE_S)
        clocks.show(now - hour)  # back, and on again
        clocks.show(now + timedelta(minutes=10))
        clocks.show(now - timedelta(minutes=50))
    clocks.show(START + 7 * hour)
    wait_until(lambda: dealt_with(stores) == START + 7 * hour, PATIENCE_S)

    assert len(keys(stores)) == 7


def test_clocks_whose_connections_are_cut_start_each_job_once(
    postgresql, postgresql_url, open_stores, clocks_on
):
    chance = random.Random(4)
    stores, clocks = open_stores(postgresql_url), clocks_on(postgresql_url)
    declare(stores, **HOURLY)
    for _ in range(CLOCKS):
        clocks.start()

    for number in range(1, MOMENTS + 1):
        now = START + number * timedelta(hours=1)
        clocks.show(now)
        moment = time.monotonic() + chance.uniform(0, 0.03)
        wait_until(lambda moment=moment: time.monotonic() >= moment)
        postgresql.disconnect(postgresql_url)
        wait_until(lambda now=now: dealt_with(stores) == now, PATIENCE_S)

    assert len(keys(stores)) == MOMENTS


def test_clocks_that_find_the_database_locked_start_each_job_once(
    sqlite_url, open_stores, clocks_on
):
    stores, clocks = open_stores(sqlite_url), clocks_on(sqlite_url, SHORT_S)
    declare(stores, **HOURLY)
    for _ in range(CLOCKS):
        clocks.start()
    file = sqlite_url.removeprefix("sqlite:///")

    for number in range(1, 4):
        now = START + number * timedelta(hours=1)
        with closing(sqlite3.connect(file, 60, isolation_level=None)) as other:
            other.execute("begin immediate")
            clocks.show(now)
            moment = time.monotonic() + 1.5 * SHORT_S
            wait_until(lambda moment=moment: time.monotonic() >= moment)
            assert dealt_with(stores) != now
            other.execute("rollback")
        wait_until(lambda now=now: dealt_with(stores) == now, PATIENCE_S)

    assert len(keys(stores)) == 3


def test_real_beats_make_up_once_for_what_was_missed(stores, tmp_path, metadata_url):
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    declare(stores, at=an_hour_ago - timedelta(minutes=1), schedule=f"{an_hour_ago:%M %H} * * *")
    environment = {name: value for name, value in os.environ.items() if "MINERVA_" not in name} | {
        "MINERVA_DATABASE_URL": metadata_url,
        "MINERVA_SWEEP_INTERVAL_S": "0.5",
        "MINERVA_WORKSPACE": str(tmp_path),
    }
    (tmp_path / "minerva.toml").write_text("")
    beats = [
        subprocess.Popen([sys.executable, "-m", "minerva.cli", "beat"], env=environment)
        for _ in range(CLOCKS)
    ]

    wait_until(lambda: dealt_with(stores) not in {None, an_hour_ago - timedelta(minutes=1)}, 90)
    beats[0].kill()
    for beat in beats[1:]:
        beat.terminate()
    for beat in beats:
        beat.wait(60)

    (key,) = keys(stores)
    assert key == f"schedule:churn:training.schedule:{an_hour_ago:%Y-%m-%dT%H:%M}"
