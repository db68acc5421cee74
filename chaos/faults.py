"""The faults: what is done to a world while its jobs run."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from chaos.servers import postgresql, redis_server, small_disk
from chaos.verdict import Verdict, judge
from chaos.world import World, wait, world
from minerva.client import Client
from minerva.errors import Unavailable

LONGEST_S = 2.5
"""A job of the campaign takes about so long: kills fall at any moment of it."""
IN_FLIGHT = 3
HOUR_S = 3600


def worker_killed(chance: random.Random, rounds: int) -> Verdict:
    """`kill -9` of the worker at random moments of trainings and writing jobs."""
    with world() as made:
        _start(made)
        for number in range(rounds):
            _submit_both(made, number)
            time.sleep(chance.random() * LONGEST_S)
            made.kill("worker")
            made.start("worker")
        made.wait_for_jobs()
        return judge("worker_killed", rounds, made)


def child_killed(chance: random.Random, rounds: int) -> Verdict:
    """`kill -9` of the jobs' own processes at random moments."""
    with world() as made:
        _start(made)
        hits = 0
        for number in range(rounds):
            _submit_both(made, number)
            time.sleep(chance.random() * LONGEST_S)
            for pid in made.children():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    hits += 1
        made.wait_for_jobs()
        return judge("child_killed", hits, made)


def web_killed_before_sending(_chance: random.Random, rounds: int) -> Verdict:
    """`kill -9` of the web processes while they wait for a broker that hangs: the row is written."""
    with redis_server() as broker, world(MINERVA_QUEUE_URL=broker.url) as made:
        _start(made)
        hits = max(1, rounds // 10)
        for _ in range(hits):
            os.kill(broker.process.pid, signal.SIGSTOP)
            before = {job["id"] for job in made.client.jobs(limit=500)}
            _submit_and_leave(made)
            wait(partial(_appeared, made, before), "the row")
            os.killpg(made.running["serve"].pid, signal.SIGKILL)
            made.kill("serve")
            os.kill(broker.process.pid, signal.SIGCONT)
            made.start("serve")
            made.wait_until_ready()
            made.accepted += sorted(_new(made, before))
        made.wait_for_jobs()
        return judge("web_killed_before_sending", hits, made)


def beat_killed(chance: random.Random, rounds: int) -> Verdict:
    """`kill -9` of beat and of a worker at random moments: the one that must notice is gone too."""
    with world() as made:
        _start(made)
        hits = max(1, rounds // 5)
        for number in range(hits):
            _submit_both(made, number)
            time.sleep(chance.random() * LONGEST_S)
            made.kill("beat")
            made.kill("worker")
            made.start("worker", "beat")
        made.wait_for_jobs()
        return judge("beat_killed", hits, made)


def redis_flushed(chance: random.Random, rounds: int) -> Verdict:
    """`FLUSHALL`, and a restart of Redis, while jobs wait in it."""
    with redis_server() as broker, world(MINERVA_QUEUE_URL=broker.url) as made:
        _start(made)
        hits = max(2, rounds // 5)
        for number in range(hits):
            for _ in range(IN_FLIGHT):
                _submit_both(made, number)
            time.sleep(chance.random())
            broker.flush() if number % 2 else broker.restart()
        made.wait_for_jobs()
        return judge("redis_flushed", hits, made)


def postgresql_cut(chance: random.Random, rounds: int) -> Verdict:
    """PostgreSQL is restarted, and its connections are cut in the middle of transactions."""
    with postgresql() as database, world(MINERVA_DATABASE_URL=database.url) as made:
        _start(made)
        hits = max(2, rounds // 5)
        for number in range(hits):
            _submit_both(made, number)
            time.sleep(chance.random() * LONGEST_S)
            database.restart() if number % 3 == 0 else database.cut()
        made.wait_for_jobs()
        return judge("postgresql_cut", hits, made)


def sqlite_locked(_chance: random.Random, rounds: int) -> Verdict:
    """Somebody holds the metadata's write lock for thirty seconds while jobs run."""
    held_s = 30 if rounds >= 50 else 5  # noqa: PLR2004 - a whole campaign, or a short one
    with world() as made:
        _start(made)
        for _ in range(IN_FLIGHT):
            _submit_both(made, 0)
        other = sqlite3.connect(
            made.workspace / ".minerva" / "minerva.db", isolation_level=None, timeout=20
        )
        other.execute("begin immediate")
        time.sleep(held_s)
        other.execute("rollback")
        other.close()
        made.wait_for_jobs()
        return judge("sqlite_locked", 1, made)


def disk_full(_chance: random.Random, _rounds: int) -> Verdict:
    """The disk of the artefacts is full while versions are written, then there is room again."""
    with small_disk(1) as disk, world(MINERVA_ARTEFACTS_URL=str(disk / "artefacts")) as made:
        made.start("serve", "worker", "beat")
        filler = disk / "filler"
        filler.write_bytes(bytes(_free_bytes(disk)))
        for _ in range(IN_FLIGHT):
            made.submit("train")
        wait(lambda: _tried(made) >= IN_FLIGHT, "attempts on a full disk", 300)
        filler.unlink()
        made.wait_for_jobs()
        verdict = judge("disk_full", 1, made)
        kept = [one for one in (disk / "artefacts").rglob("*") if one.name.startswith(".")]
        verdict.left += [f"file {path}" for path in kept]
        return verdict


def clock_moved(_chance: random.Random, _rounds: int) -> Verdict:
    """The clock of all processes goes forward by an hour and back, and back and forward."""
    with world() as made:
        shift = made.workspace / "shift"
        _set(shift, 0)
        made.program = [sys.executable, "-m", "chaos.shifted"]
        made.start("serve", "worker", "beat", CHAOS_SHIFT=str(shift))
        made.wait_for_champion()
        for moved in (HOUR_S, 0, -HOUR_S, 0):
            for _ in range(2):
                _submit_both(made, 0)
            time.sleep(1)
            _set(shift, moved)
            time.sleep(3)
        made.wait_for_jobs()
        return judge("clock_moved", 4, made)


def messages_repeated(_chance: random.Random, rounds: int) -> Verdict:
    """Each message is delivered again, at once and after its job has ended."""
    from minerva.adapters.queue.celery_app import make_celery
    from minerva.adapters.queue.celery_queue import CeleryQueue

    with world() as made:
        _start(made)
        queue = CeleryQueue(make_celery(f"filesystem://{made.workspace / '.minerva' / 'queue'}"))
        for number in range(max(2, rounds // 5)):
            _submit_both(made, number)
            for job_id in made.accepted:
                for name in ("train", "batch", "quick"):
                    queue.send(job_id, name)
        made.wait_for_jobs()
        for job_id in made.accepted:
            queue.send(job_id, "train")
        made.submit("train")
        made.wait_for_jobs()
        return judge("messages_repeated", 3 * len(made.accepted), made)


FAULTS: dict[str, Callable[[random.Random, int], Verdict]] = {
    fault.__name__: fault
    for fault in (
        worker_killed,
        child_killed,
        web_killed_before_sending,
        beat_killed,
        redis_flushed,
        postgresql_cut,
        sqlite_locked,
        disk_full,
        clock_moved,
        messages_repeated,
    )
}


def _start(made: World) -> None:
    made.start("serve", "worker", "beat")
    made.wait_for_champion()


def _submit_both(made: World, _number: int) -> None:
    made.submit("train")
    made.submit("batch")


def _submit_and_leave(made: World) -> None:
    """Submit with so little patience that the answer is not waited for."""
    key = (made.workspace / ".minerva" / "admin.key").read_text().strip()
    with suppress(Unavailable), Client(f"http://127.0.0.1:{made.port}", key, 0.3) as client:
        client.train(made.service)


def _new(made: World, before: set[str]) -> set[str]:
    return {job["id"] for job in made.client.jobs(limit=500)} - before


def _appeared(made: World, before: set[str]) -> bool:
    return bool(_new(made, before))


def _set(shift: Path, seconds: int) -> None:
    """Write in one step: clocks are read all the time."""
    new = shift.with_suffix(".new")
    new.write_text(str(seconds))
    new.rename(shift)


def _tried(made: World) -> int:
    with made.client as client:
        return sum(
            client.job(one)["attempt"] > 0 and bool(client.job(one)["error"])
            for one in made.accepted
        )


def _free_bytes(disk: os.PathLike[str]) -> int:
    told = os.statvfs(disk)
    return told.f_bavail * told.f_frsize - 8 * 1024
