"""`minerva logs`."""

import json
import subprocess
import sys

import pytest


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / ".minerva" / "logs"
    folder.mkdir(parents=True)
    return folder


def event(second, component="web", **facts):
    return {
        "timestamp": f"2026-01-31T12:00:{second:02}.123456Z",
        "level": "info",
        "event": "something.happened",
        "component": component,
        **facts,
    }


def write(folder, component, *events):
    with (folder / f"{component}.jsonl").open("a") as file:
        file.writelines(json.dumps(one) + "\n" for one in events)


def lines(result):
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_shows_one_line_for_each_event_oldest_first(minerva, folder):
    write(folder, "web", event(2, request_id="r1", ms=1.23456789))
    write(folder, "legacy", event(1, "legacy", unit="main"))

    shown = minerva("logs").stdout.splitlines()

    assert shown[0].startswith("12:00:01.123  legacy info    something.happened")
    assert shown[0].endswith("unit=main")
    assert "request_id=r1" in shown[1]
    assert "ms=1.23457" in shown[1]


def test_shows_a_failure_below_its_event(minerva, folder):
    cause = {"type": "KeyError", "message": "'x'", "frames": ["b.py:2 g"]}
    failure = {"type": "ValueError", "message": "no", "frames": ["a.py:1 f"], "caused_by": [cause]}
    write(folder, "web", event(1, level="error", exception=failure), event(2, stack="one\ntwo"))

    shown = minerva("logs").stdout

    assert "\n    ValueError: no\n    a.py:1 f\n    KeyError: 'x'\n    b.py:2 g\n" in shown
    assert "\n    one\n    two\n" in shown


def test_follows_a_request_into_the_job_that_it_leads_to(minerva, folder):
    write(
        folder, "web",
        event(5, event="prediction.answered", request_id="r1", job_id="j1"),
        event(6, event="prediction.answered", request_id="r2", job_id="j1"),
    )  # fmt: skip
    write(folder, "legacy", event(4, "legacy", request_id="r1"))
    write(folder, "job", event(1, "job", job_id="j1", request_id="r0"))
    write(folder, "worker", event(2, "worker", job_id="j9"))

    found = lines(minerva("logs", "--request-id", "r1", "--json"))

    assert [one["component"] for one in found] == ["job", "legacy", "web"]


@pytest.mark.parametrize("extra", [(), ("--request-id", "r1")])
def test_shows_only_what_was_asked_for(minerva, folder, extra):
    write(
        folder, "web",
        event(1, service="churn", level="debug", request_id="r1"),
        event(2, service="churn", level="error", request_id="r1"),
        event(3, service="other", level="error", request_id="r1"),
        event(4, service="churn", level="critical", request_id="r1"),
    )  # fmt: skip

    found = lines(minerva("logs", "--service", "churn", "--level", "warning", "--json", *extra))

    assert [one["timestamp"][17:19] for one in found] == ["02", "04"]


def test_shows_as_many_lines_as_were_asked_for(minerva, folder):
    write(folder, "web", *(event(second) for second in range(10)))

    assert len(lines(minerva("logs", "-n", "3", "--json"))) == 3


def test_says_that_there_is_nothing(minerva, folder):
    result = minerva("logs", "--request-id", "nobody")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "Nothing of that kind is in" in result.stderr


def test_says_where_the_log_goes_if_not_to_a_folder(minerva, monkeypatch):
    monkeypatch.setenv("MINERVA_LOG_FOLDER", "-")

    result = minerva("logs")

    assert result.exit_code == 2
    assert "standard output" in result.stderr


def test_goes_on_with_what_is_logged_from_now_on(folder, tmp_path):
    write(folder, "web", event(1, service="churn"))
    command = [
        sys.executable, "-m", "minerva.cli", "--workspace", str(tmp_path),
        "logs", "--follow", "--json", "--service", "churn",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert json.loads(process.stdout.readline())["timestamp"].endswith("01.123456Z")
        with (folder / "web.jsonl").open("a") as file:
            file.write('{"broken\n[1]\n' + json.dumps(event(2, service="churn")) + '\n{"half')
        assert json.loads(process.stdout.readline())["timestamp"].endswith("02.123456Z")
        write(folder, "worker", event(3, "worker"), event(4, "worker", service="churn"))
        assert json.loads(process.stdout.readline())["timestamp"].endswith("04.123456Z")
        process.send_signal(2)
        assert process.wait(60) == 0
