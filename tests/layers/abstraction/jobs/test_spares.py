"""Processes that wait for a job: it gets what a new one would have given it, only sooner."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import wait_until

from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.limits import JobLimits
from minerva.layers.abstraction.jobs.spares import Spares


def waiting(worker: int | None = None) -> list[int]:
    """Return the jobs' processes of a worker (this process) that run."""
    tasks = Path(f"/proc/{worker or os.getpid()}/task").glob("*/children")
    children = [int(pid) for task in tasks for pid in content(task).split()]
    return [pid for pid in children if "minerva.job_process" in command_line(pid)]


def content(file: Path) -> str:
    """Return "" for one of a process or thread that ended."""
    try:
        return file.read_text()
    except OSError:
        return ""


def command_line(pid: int) -> str:
    """Return "" for a process that ended."""
    return content(Path(f"/proc/{pid}/cmdline")).replace("\0", " ")


@pytest.fixture
def used(workspace):
    """Return the processes that errands were run by."""
    return lambda: [int(line.split()[1]) for line in (workspace / "runs").read_text().splitlines()]


def test_a_job_is_done_by_the_process_that_waited_and_another_one_waits(
    container, runner, errand, job, used
):
    ready = runner()
    with ready.ready():
        (spare,) = wait_until(waiting)
        job_id = errand("")

        ready.run(job_id)

        assert job(job_id).state is JobState.SUCCEEDED
        assert used() == [spare]
        assert container.jobs.log("default", job_id) == "errand \n"
        (next_one,) = wait_until(waiting)
        assert next_one != spare
    assert waiting() == []


def test_a_library_that_jobs_need_is_imported_by_later_spares(runner, errand, used):
    ready = runner()
    with ready.ready():
        (first,) = wait_until(waiting)
        needed_before = "pandas" in command_line(first)
        ready.run(errand("frames"))
        (second,) = wait_until(waiting)

        ready.run(errand(""))

        assert not needed_before
        assert "pandas" in (line := command_line(*wait_until(waiting)))
        assert "xgboost" not in line
        assert used() == [first, second]


def test_while_a_job_takes_long_another_spare_waits(runner, errand, background, workspace, job):
    ready = runner()
    with ready.ready():
        job_id = errand("wait")
        running = background(ready, job_id)

        wait_until(lambda: len(waiting()) == 2)

        assert job(job_id).state is JobState.RUNNING
        (workspace / "go on").touch()
        running.result(timeout=60)


def test_nobody_keeps_spares_unless_asked(runner, errand, job):
    job_id = errand("")

    runner().run(job_id)

    assert job(job_id).state is JobState.SUCCEEDED
    assert waiting() == []


def test_none_are_kept_where_the_settings_say_so(container):
    none = Spares("minerva.job_process", container.loaded.workspace, 0)

    with none.kept():
        assert waiting() == []


def test_of_two_jobs_at_once_one_takes_the_spare(runner, errand, job, used, background, workspace):
    ready = runner()
    with ready.ready():
        (spare,) = wait_until(waiting)
        jobs = [errand("wait"), errand("wait")]

        running = [background(ready, job_id) for job_id in jobs]
        wait_until(lambda: all((workspace / f"started-{job_id}").exists() for job_id in jobs))
        (workspace / "go on").touch()
        for one in running:
            one.result(timeout=60)

    assert [job(job_id).state for job_id in jobs] == [JobState.SUCCEEDED] * 2
    assert spare in used()
    assert len(set(used())) == 2


def test_a_spare_that_died_costs_no_attempt(runner, errand, job, used):
    ready = runner()
    with ready.ready():
        (spare,) = wait_until(waiting)
        os.kill(spare, signal.SIGKILL)
        wait_until(lambda: command_line(spare) == "")
        job_id = errand("")

        ready.run(job_id)

        assert (job(job_id).state, job(job_id).attempt) == (JobState.SUCCEEDED, 1)
        assert spare not in used()
        assert len(wait_until(waiting)) == 1


def test_a_plugin_that_was_edited_meanwhile_is_run_as_it_is_now(runner, errand, job, workspace):
    plugin = workspace / "plugins" / "errands.py"
    ready = runner()
    with ready.ready():
        job_id = errand("")
        plugin.write_text(plugin.read_text().replace('{"did": asked.do}', '{"did": "new"}'))

        ready.run(job_id)

    assert job(job_id).result == {"did": "new"}


def a_variable(monkeypatch, _tmp_path) -> None:
    """Set what a new process would see."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def a_package(monkeypatch, tmp_path) -> None:
    """Install something."""
    (tmp_path / "site-packages" / "new_package").mkdir()


@pytest.mark.parametrize("change", [a_variable, a_package])
def test_a_spare_that_is_not_what_a_new_process_would_be_is_dropped(
    runner, errand, job, used, monkeypatch, tmp_path, change
):
    (tmp_path / "site-packages").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    ready = runner()
    with ready.ready():
        (spare,) = wait_until(waiting)
        job_id = errand("")
        change(monkeypatch, tmp_path)

        ready.run(job_id)

        assert job(job_id).state is JobState.SUCCEEDED
        assert spare not in used()
        assert command_line(spare) == ""


def test_what_is_written_beside_a_project_on_the_path_costs_no_spare(
    runner, errand, used, monkeypatch, tmp_path
):
    (tmp_path / "project").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "project")
    ready = runner()
    with ready.ready():
        (spare,) = wait_until(waiting)
        (tmp_path / "project" / "report.csv").touch()

        ready.run(errand(""))

        assert used() == [spare]


def test_limits_of_memory_hold_for_a_spare(runner, submit, job):
    ready = runner()
    with ready.ready():
        job_id = submit(train="hungry", limits=JobLimits(time_s=120, memory_mb=600))

        ready.run(job_id)

    assert job(job_id).error["code"] == "out_of_memory"


def test_a_spare_that_works_is_cancelled_with_all_that_it_started(
    container, runner, errand, job, background, workspace
):
    ready = runner()
    with ready.ready():
        job_id = errand("stubborn")
        running = background(ready, job_id)
        started = workspace / f"started-{job_id}"
        wait_until(started.exists)
        pids = [int(pid) for pid in started.read_text().split()]

        container.jobs.cancel("default", job_id)
        running.result(timeout=60)

        assert job(job_id).state is JobState.CANCELLED
        wait_until(lambda: not any(map(command_line, pids)))


WORKER = """
import sys, time
from pathlib import Path
from minerva.layers.abstraction.jobs.spares import Spares

with Spares("minerva.job_process", Path(sys.argv[1]), 2).kept():
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_spares_end_with_their_worker(workspace, number):
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(workspace)], stdout=subprocess.PIPE
    )
    assert worker.stdout.readline() == b"ready\n"
    wait_until(lambda: len(waiting(worker.pid)) == 2)
    spares = waiting(worker.pid)

    os.kill(worker.pid, number)
    worker.communicate()

    wait_until(lambda: not any(map(command_line, spares)))
