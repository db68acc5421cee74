"""The composition root."""

import subprocess
import sys

import pytest

from minerva.adapters.queue.celery_queue import CeleryQueue
from minerva.adapters.queue.memory import MemoryQueue
from minerva.bootstrap import open_control, open_job, open_web, open_worker, workspace_from
from minerva.errors import InvalidConfiguration
from minerva.settings import FILE, load


@pytest.mark.parametrize("start", [".", "services", "services/deep"])
def test_the_workspace_is_the_nearest_folder_upwards_with_settings(tmp_path, start):
    (tmp_path / "services" / "deep").mkdir(parents=True)
    (tmp_path / FILE).write_text("")

    assert workspace_from({}, tmp_path / start) == tmp_path.resolve()


def test_without_settings_the_workspace_is_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert workspace_from({}) == tmp_path.resolve()


def test_the_workspace_may_be_named(tmp_path):
    (tmp_path / FILE).write_text("")

    named = workspace_from({"MINERVA_WORKSPACE": str(tmp_path / "other")}, tmp_path)

    assert named == tmp_path / "other"


@pytest.mark.parametrize(
    ("open_parts", "queue"),
    [
        (open_web, CeleryQueue),
        (open_worker, CeleryQueue),
        (open_control, CeleryQueue),
        (open_job, MemoryQueue),
    ],
)
def test_each_process_gets_its_parts_and_gives_them_back(tmp_path, open_parts, queue):
    with open_parts(load(tmp_path, {})) as container:
        assert isinstance(container.queue, queue)
        assert container.live.refresh()
        assert container.live.readiness().ready
        assert container.workspace_services.problems() == []
        executor = container.predictor.inner.executor

    with pytest.raises(RuntimeError, match="shutdown"):
        executor.submit(print)
    assert (tmp_path / ".minerva" / "minerva.db").exists()
    assert (tmp_path / ".minerva").stat().st_mode & 0o777 == 0o700


def test_what_web_workers_share_is_loaded_before_they_are_forked():
    program = (
        "import sys, threading; from minerva import bootstrap; bootstrap.preload()\n"
        "print(set(bootstrap.PRELOADED) <= set(sys.modules), threading.active_count())\n"
        "print([name for name in ('pandas', 'xgboost', 'sklearn') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines() == ["True 1", "[]"]


def test_settings_reach_the_parts(tmp_path):
    environment = {
        "MINERVA_LEASE_S": "7",
        "MINERVA_JOB_TIME_LIMIT_S": "8",
        "MINERVA_JOB_MEMORY_MB": "9",
        "MINERVA_JOB_DISK_MB": "10",
        "MINERVA_TRAIN_SLOTS": "3",
        "MINERVA_BATCH_LIMIT": "5",
        "MINERVA_MAX_ATTEMPTS": "2",
    }
    with open_job(load(tmp_path, environment)) as container:
        limits = container.jobs.limits
        assert (limits.time_s, limits.memory_mb, limits.disk_mb) == (8, 9, 10)
        assert container.runner.pace.lease_s == 7
        assert container.runner.slots.sizes == {"train": 3, "batch": 2, "quick": 4}
        assert container.runner.bounds.queues == {"train": 0, "batch": 5, "quick": 0}
        assert container.jobs.max_attempts == 2
        assert container.runner.folder == container.jobs.folder == tmp_path / ".minerva" / "jobs"
        assert container.catalogue() is container.catalogue()
        assert container.runner.new_id() != container.runner.new_id()


def test_a_workspace_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / ".minerva").write_text("a file stands in the way")

    with (
        pytest.raises(
            InvalidConfiguration, match=r"\.minerva cannot be made \(File exists\): make"
        ),
        open_job(load(tmp_path, {})),
    ):
        pass


def test_a_jobs_process_knows_no_queue(tmp_path):
    """Each process loads only what it needs."""
    program = (
        "import sys; from pathlib import Path; from minerva import bootstrap, settings\n"
        "with bootstrap.open_job(settings.load(Path(sys.argv[1]), {})): pass\n"
        "print([name for name in ('celery', 'flask', 'pandas', 'xgboost') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"
