"""`minerva versions shadow`, from the log of any number of processes."""

import json

import pytest


@pytest.fixture
def log(minerva, tmp_path):
    """A function that appends an event to a process's log."""
    minerva("init")
    folder = tmp_path / ".minerva" / "logs"
    folder.mkdir(parents=True, exist_ok=True)

    def write(component="web", **event):
        with (folder / f"{component}.jsonl").open("a") as file:
            file.write(json.dumps({"timestamp": f"2026-01-0{1 + len(event) % 9}", **event}) + "\n")

    return write


def compared(log, rows, agreed, difference=None, **more):
    """Log one comparison of shadow 4 with version 3 of `churn`."""
    facts = {"service": "churn", "version": 3, "shadow": 4, **more}
    log(event="shadow.compared", rows=rows, agreed=agreed, difference=difference, **facts)


def test_sums_up_what_all_processes_saw(minerva, log):
    compared(log, rows=8, agreed=6, difference=0.5)
    compared(log, rows=2, agreed=1, difference=3.0, component="web2")
    log(event="shadow.failed", service="churn", version=3, shadow=4)
    log(event="prediction.answered", service="churn", rows=99)
    compared(log, rows=50, agreed=0, service="other")

    told = json.loads(minerva("--json", "versions", "shadow", "churn").stdout)

    assert told["comparisons"] == [
        {"shadow": 4, "against": 3, "calls": 3, "records": 10, "agreed": 7, "failed": 1,
         "difference": 1.0}
    ]  # fmt: skip


def test_shows_each_pair_on_its_own(minerva, log):
    compared(log, rows=3, agreed=3)
    compared(log, rows=4, agreed=1, version=2)

    told = minerva("versions", "shadow", "churn").stdout

    assert "100.0%" in told
    assert "25.0%" in told


def test_one_that_only_failed_has_no_share(minerva, log):
    log(event="shadow.failed", service="churn", version=3, shadow=4)

    (row,) = json.loads(minerva("--json", "versions", "shadow", "churn").stdout)["comparisons"]

    assert (row["calls"], row["failed"], row["records"], row["difference"]) == (1, 1, 0, None)
    assert minerva("versions", "shadow", "churn").exit_code == 0


def test_says_how_to_get_one_where_there_is_none(minerva, log):
    assert "--alias shadow" in minerva("versions", "shadow", "churn").stdout


def test_a_log_on_standard_output_cannot_be_summed(minerva, log, tmp_path):
    (tmp_path / "minerva.toml").write_text('log_folder = "-"\n')

    result = minerva("versions", "shadow", "churn")

    assert result.exit_code == 2
    assert "standard output" in result.stderr
