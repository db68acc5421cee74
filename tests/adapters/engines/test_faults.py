"""Clusters that fail in the middle, or do not fit: what is said, and that nothing goes on for nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tables import QUICK, service, table, write_parquet
from waiting import wait_until

from minerva.adapters.engines.address import read_address
from minerva.adapters.engines.connection import check_versions, connected
from minerva.errors import InvalidConfiguration, Unavailable

PARQUET = {"source": "parquet", "path": "goods"}
LONG = {**QUICK, "n_estimators": 100_000, "learning_rate": 0.001, "early_stopping_rounds": 0}
SCRIPT = Path(__file__).parent / "lone_training.py"


@pytest.fixture
def goods(workspace):
    return write_parquet(workspace / "goods", table(3000))


def test_a_worker_that_is_killed_in_training_fails_the_attempt_and_not_the_next(
    train, own_cluster, goods
):
    own_cluster.start()
    began = threading.Event()

    def watch(fraction, message=""):
        if message.startswith("round"):
            began.set()

    def kill():
        began.wait(300)
        client = own_cluster.client()
        victim = next(iter(client.run(os.getpid).values()))
        client.close()
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(Unavailable, match=r"ended in the middle|lost each other|started anew"):
        train(service(own_cluster.url, PARQUET, parameters=LONG), watch)
    killer.join()

    own_cluster.wait(2)
    assert train(service(own_cluster.url, PARQUET)).manifest["engine"]["workers"] == 2


def test_a_scheduler_that_ends_in_training_fails_the_attempt(train, own_cluster, goods):
    own_cluster.start()

    def watch(fraction, message=""):
        if message.startswith("round"):
            own_cluster.scheduler.kill()

    with pytest.raises(Unavailable):
        train(service(own_cluster.url, PARQUET, parameters=LONG), watch)


def test_a_job_that_is_killed_leaves_no_work_and_no_files_on_the_workers(
    own_cluster, goods, workspace
):
    own_cluster.start()
    declared = service(own_cluster.url, PARQUET, parameters=LONG)
    job = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(workspace), json.dumps(declared)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert any(line.startswith("round") for line in job.stdout)
    assert own_cluster.scratch_files()

    job.kill()
    job.communicate()

    client = own_cluster.client()
    try:
        wait_until(lambda: not any(tasks_of(client)), what=lambda: tasks_of(client))
        wait_until(lambda: not own_cluster.scratch_files(), what=own_cluster.scratch_files)
    finally:
        client.close()


def tasks_of(client) -> list[int]:
    """Return how many tasks each worker still has in hand, those that nobody wants included."""
    return list(client.run(lambda dask_worker: len(dask_worker.state.tasks)).values())


def test_a_cluster_without_workers_is_tried_again(own_cluster):
    own_cluster.start(workers=0)

    with (
        pytest.raises(Unavailable, match="has no workers: start some"),
        connected(read_address(own_cluster.url), first_worker_s=0.5),
    ):
        pytest.fail("connected to nobody")


def test_a_worker_without_our_libraries_is_named_before_anything_is_read(
    train, own_cluster, goods, tmp_path
):
    """Python reads `sitecustomize` first: here one that hides what an image of Dask's own lacks."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(
        "import importlib.metadata as metadata\n"
        "known = metadata.version\n"
        "def version(name):\n"
        "    if name.startswith(('minerva', 'xgboost')):\n"
        "        raise metadata.PackageNotFoundError(name)\n"
        "    return known(name)\n"
        "metadata.version = version\n"
    )
    own_cluster.start(workers=1, environment={"PYTHONPATH": str(hidden)})

    with pytest.raises(InvalidConfiguration, match="install the same versions there") as caught:
        train(service(own_cluster.url, PARQUET))

    said = sorted(fault.message for fault in caught.value.faults)
    assert said[0].startswith("has no minerva-sidecar (here: ")
    assert said[1].startswith("has no xgboost (here: ")
    assert all(fault.where.startswith("worker tcp://") for fault in caught.value.faults)


def test_every_difference_of_versions_is_named():
    ours = {"python": "3.11.7.final.0", "dask": "2026.8.0", "distributed": "2026.8.0",
            "minerva-sidecar": "0.1.0", "xgboost-cpu": "3.2.0", "xgboost": None}  # fmt: skip
    older = {**ours, "python": "3.12.0.final.0", "xgboost-cpu": None, "xgboost": "3.1.0"}
    patch = {**ours, "python": "3.11.2.final.0", "xgboost-cpu": None, "xgboost": "3.2.0"}
    told = {"client": {"packages": ours}, "scheduler": {"packages": {**ours, "dask": "2025.1.0"}}}

    check_versions({**told, "scheduler": {"packages": ours}, "workers": {"a": {"packages": patch}}})
    with pytest.raises(InvalidConfiguration) as caught:
        check_versions({**told, "workers": {"tcp://a": {"packages": older}}})

    assert [str(fault) for fault in caught.value.faults] == [
        "the scheduler: has dask 2025.1.0, not 2026.8.0",
        "worker tcp://a: has Python 3.12, not 3.11",
        "worker tcp://a: has xgboost 3.1.0, not 3.2.0",
    ]
