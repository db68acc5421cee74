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

from chaos.flows import flow_container_killed, flow_job_killed, flow_worker_killed
from chaos.servers import postgresql, rabbit_server, redis_server, small_disk
from chaos.verdict import Verdict, judge
from chaos.waiting import wait
from chaos.world import World, world
from minerva.client import Client
from minerva.errors import Unavailable

IN_FLIGHT = 4
"""So many jobs are under way when a fault is done: some run, some wait."""
HOUR_S = 3600


def worker_killed(chance: random.Random, rounds: int) -> Verdict:
    """`kill -9` of the worker at random moments of trainings and batches."""

    def harm(made: World, _number: int) -> int:
        made.kill("worker")
        made.start("worker")
        return 1

    with world() as made:
        return _amid_jobs("worker_killed", made, chance, rounds, harm)


def child_killed(chance: random.Random, rounds: int) -> Verdict:
    """`kill -9` of the jobs' own processes at random moments."""

    def harm(made: World, _number: int) -> int:
        hits = 0
        for pid in made.children():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                hits += 1
        return hits

    with world() as made:
        return _amid_jobs("child_killed", made, chance, rounds, harm)


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

    def harm(made: World, _number: int) -> int:
        made.kill("beat")
        made.kill("worker")
        made.start("worker", "beat")
        return 1

    with world() as made:
        return _amid_jobs("beat_killed", made, chance, max(1, rounds // 5), harm)


def redis_flushed(chance: random.Random, rounds: int) -> Verdict:
    """`FLUSHALL`, and a restart of Redis, while jobs run and wait in it."""
    with redis_server() as broker, world(MINERVA_QUEUE_URL=broker.url) as made:

        def harm(_made: World, number: int) -> int:
            if number % 2:
                broker.flush()
            else:
                broker.stop()
                broker.start()
            return 1

        hits = max(2, rounds // 5)
        return _amid_jobs("redis_flushed", made, chance, hits, harm)


def rabbitmq_restarted(chance: random.Random, rounds: int) -> Verdict:
    """RabbitMQ is killed and started again while jobs run and wait in it, with and without its messages."""
    with rabbit_server() as broker, world(MINERVA_QUEUE_URL=broker.url) as made:

        def harm(_made: World, number: int) -> int:
            broker.stop()
            if number % 2:
                broker.forget()
            broker.start()
            return 1

        hits = max(2, rounds // 5)
        return _amid_jobs("rabbitmq_restarted", made, chance, hits, harm)


def postgresql_cut(chance: random.Random, rounds: int) -> Verdict:
    """PostgreSQL is restarted, and its connections are cut in the middle of transactions."""
    with postgresql() as database, world(MINERVA_DATABASE_URL=database.url) as made:

        def harm(_made: World, number: int) -> int:
            database.restart() if number % 3 == 0 else database.cut()
            return 1

        return _amid_jobs("postgresql_cut", made, chance, max(2, rounds // 5), harm)


def sqlite_locked(_chance: random.Random, rounds: int) -> Verdict:
    """Somebody holds the metadata's write lock for thirty seconds while jobs run."""
    held_s = 30 if rounds >= 50 else 5  # noqa: PLR2004 - a whole campaign, or a short one
    with world() as made:
        _start(made)
        for _ in range(IN_FLIGHT // 2):
            _submit_both(made)
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
        for _ in range(IN_FLIGHT // 2):
            made.submit("train")
        wait(lambda: _tried(made) >= IN_FLIGHT // 2, "attempts on a full disk", 300)
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
                _submit_both(made)
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
        for _ in range(max(2, rounds // 5)):
            _submit_both(made)
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
        rabbitmq_restarted,
        postgresql_cut,
        sqlite_locked,
        disk_full,
        clock_moved,
        messages_repeated,
        flow_container_killed,
        flow_worker_killed,
        flow_job_killed,
    )
}


def _amid_jobs(
    fault: str,
    made: World,
    chance: random.Random,
    rounds: int,
    harm: Callable[[World, int], int],
) -> Verdict:
    """Keep jobs under way and do harm at a random moment after one of them began, again and again.

    The moment falls into one and a half times the time of an attempt: every third comes to its end.
    `harm` is given the number of the round, and returns how often it hit.
    """
    _start(made)
    hits = 0
    for number in range(rounds):
        before = set(made.children())
        while len(made.open_jobs().intersection(made.accepted)) < IN_FLIGHT:
            _submit_both(made)
        wait(partial(_began, made, before), "the start of a job", 120)
        time.sleep(chance.random() * 1.5 * made.attempt_s())
        hits += harm(made, number)
    made.wait_for_jobs()
    return judge(fault, hits, made)


def _began(made: World, before: set[int]) -> bool:
    return not before.issuperset(made.children())


def _start(made: World) -> None:
    made.start("serve", "worker", "beat")
    made.wait_for_champion()


def _submit_both(made: World) -> None:
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
