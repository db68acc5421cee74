"""What is killed loses nothing: workers, jobs' processes, web workers."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from waiting import wait_until

from .conftest import Sidecar, command_line, descendants


def test_a_killed_worker_loses_no_job_and_makes_one_version(sidecar: Sidecar) -> None:
    sidecar.hold()
    job_id = sidecar.train()
    wait_until(lambda: sidecar.job(job_id)["message"] == "thinking")
    worker = next(iter(sidecar.processes("minerva worker") or sidecar.processes(" worker")))
    child = sidecar.attempts()

    os.kill(worker, signal.SIGKILL)
    sidecar.let_go()

    job = sidecar.finished(job_id)
    assert (job["state"], job["attempt"]) == ("succeeded", 2)
    versions = sidecar.call("GET", "/v1/services/label/versions")[1]["versions"]
    assert len(versions) == 1
    wait_until(lambda: not any(command_line(pid) for pid in child))


def test_a_killed_job_process_is_started_again(sidecar: Sidecar) -> None:
    sidecar.hold()
    job_id = sidecar.train()
    child = wait_until(sidecar.attempts)[0]
    wait_until(lambda: sidecar.job(job_id)["message"] == "thinking")

    os.kill(child, signal.SIGKILL)
    sidecar.let_go()

    job = sidecar.finished(job_id)
    assert (job["state"], job["attempt"]) == ("succeeded", 2)


def test_a_killed_web_worker_takes_only_its_own_requests_along(sidecar: Sidecar) -> None:
    assert sidecar.finished(sidecar.train())["state"] == "succeeded"
    wait_until(
        lambda: (
            sidecar.call("POST", "/v1/services/label/predict", {"records": [{"x": 1}]})[0] == 200
        )
    )
    serve = sidecar.processes("serve")
    answered: list[int] = []
    lost: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            try:
                answered.append(
                    sidecar.call("POST", "/v1/services/label/predict", {"records": [{"x": 1}]})[0]
                )
            except (OSError, HTTPException) as error:
                lost.append(type(error).__name__)

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    wait_until(lambda: len(answered) > 50)
    web_worker = descendants(serve[0])[0]
    os.kill(web_worker, signal.SIGKILL)
    before = len(answered)
    wait_until(lambda: len(answered) > before + 200)
    stop.set()
    for caller in callers:
        caller.join()

    assert set(answered) == {200}
    assert len(lost) <= len(callers)


def test_a_request_in_flight_is_finished_after_sigterm(sidecar: Sidecar) -> None:
    assert sidecar.finished(sidecar.train())["state"] == "succeeded"
    body = b'{"records": [{"x": 1}]}'
    with closing(HTTPConnection("127.0.0.1", sidecar.port, timeout=60)) as connection:
        connection.putrequest("POST", "/v1/services/label/predict")
        connection.putheader("Authorization", f"Bearer {sidecar.key}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:5])

        os.kill(sidecar.process.pid, signal.SIGTERM)
        wait_until(lambda: _refuses(sidecar))
        connection.send(body[5:])

        assert connection.getresponse().status == 200


def _refuses(sidecar: Sidecar) -> bool:
    try:
        sidecar.call("GET", "/livez", timeout=0.5)
    except OSError:
        return True
    return False


def test_the_first_version_answers_as_soon_as_its_job_has_ended(sidecar: Sidecar) -> None:
    assert sidecar.finished(sidecar.train())["state"] == "succeeded"

    assert _versions_seen(sidecar) == {"1"}


@pytest.mark.parametrize("number", [1, 2])
def test_every_web_worker_serves_the_promoted_version(sidecar: Sidecar, number: int) -> None:
    assert sidecar.finished(sidecar.train())["state"] == "succeeded"
    sidecar.declare(tilt=0.5)
    wait_until(
        lambda: (
            sidecar.call("GET", "/v1/services/label")[1]["service"]["configuration_revision"] == 2
        )
    )
    assert sidecar.finished(sidecar.train())["result"]["version"] == 2

    status, answer = sidecar.call("PUT", "/v1/services/label/aliases/champion", {"version": number})

    assert status == 200, answer
    wait_until(lambda: _versions_seen(sidecar) == {str(number)})


def _versions_seen(sidecar: Sidecar) -> set[str]:
    """Each call is a connection of its own, so that 20 of them meet both web workers."""
    answers = [
        sidecar.call("POST", "/v1/services/label/predict", {"records": [{"x": 1}]})[1]["version"]
        for _ in range(20)
    ]
    return set(answers)


def test_the_job_log_holds_what_the_attempt_printed(sidecar: Sidecar, workspace: Path) -> None:
    plugin = workspace / "plugins" / "slow.py"
    plugin.write_text(
        plugin.read_text().replace("yes = min", "print('training by hand')\n        yes = min")
    )

    job = sidecar.finished(sidecar.train())

    captured = workspace / ".minerva" / "jobs" / job["id"] / "attempt-1.log"
    assert "training by hand" in captured.read_text()
