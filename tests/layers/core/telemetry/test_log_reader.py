"""From a request id to its whole story, in files of any size and any state."""

import json

import pytest

from minerva.layers.core.telemetry.log_reader import follow, latest


def write(path, *events):
    with path.open("a", encoding="utf-8") as file:
        for event in events:
            file.write(json.dumps(event, separators=(",", ":")) + "\n")


def event(second, name, **facts):
    return {"timestamp": f"2026-01-31T12:00:{second:02d}.000000Z", "event": name, **facts}


def names(events):
    return [event["event"] for event in events]


def test_one_prediction_leads_through_stub_sidecar_and_the_job_that_made_its_version(tmp_path):
    write(tmp_path / "legacy.jsonl", event(50, "page.shown", request_id="r-1"))
    write(
        tmp_path / "web.jsonl",
        event(51, "prediction.answered", request_id="r-1", job_id="j-1"),
        event(51, "prediction.answered", request_id="r-2", job_id="j-1"),
    )
    write(
        tmp_path / "worker.jsonl",
        event(10, "job.started", request_id="r-0", job_id="j-1"),
        event(11, "job.started", request_id="r-0", job_id="j-2"),
    )
    write(tmp_path / "job.jsonl", event(12, "version.trained", request_id="r-0", job_id="j-1"))

    found = follow(tmp_path, "r-1")

    assert names(found) == ["job.started", "version.trained", "page.shown", "prediction.answered"]
    assert found[-1]["request_id"] == "r-1"


def test_an_id_that_is_only_mentioned_elsewhere_is_not_followed(tmp_path):
    write(tmp_path / "web.jsonl", event(1, "a", note="r-1"), event(2, "b", request_id="r-10"))

    assert follow(tmp_path, "r-1") == []


def test_broken_lines_are_passed_over(tmp_path):
    path = tmp_path / "web.jsonl"
    write(path, event(1, "a", request_id="r-1"))
    with path.open("ab") as file:
        file.write(b'{"request_id":"r-1","event":"cut o\n\xff\xfe "r-1"\n["r-1"]\n\n')
    write(path, event(2, "b", request_id="r-1"))
    with path.open("ab") as file:
        file.write(b'{"request_id":"r-1","event":"no end')

    assert names(follow(tmp_path, "r-1")) == ["a", "b"]


def test_a_last_line_without_an_end_is_read_if_it_is_whole(tmp_path):
    (tmp_path / "web.jsonl").write_text(json.dumps(event(1, "a", request_id="r-1")))

    assert names(follow(tmp_path, "r-1")) == ["a"]


def test_rotated_files_are_read_too(tmp_path):
    write(tmp_path / "web.jsonl.1", event(1, "a", request_id="r-1"))
    write(tmp_path / "web.jsonl", event(2, "b", request_id="r-1"))

    assert names(follow(tmp_path, "r-1")) == ["a", "b"]


def test_no_folder_means_no_events(tmp_path):
    assert follow(tmp_path / "nowhere", "r-1") == []
    assert latest(tmp_path / "nowhere", 5) == []


@pytest.mark.parametrize("block", [7, 64, 100_000])
def test_lines_across_blocks_are_read_whole(tmp_path, block):
    events = [event(n, f"e{n}", request_id=f"r-{n % 3}", text="x" * n) for n in range(50)]
    write(tmp_path / "web.jsonl", *events)

    assert follow(tmp_path, "r-1", block=block) == [e for e in events if e["request_id"] == "r-1"]
    assert latest(tmp_path, 5, block=block) == events[-5:]


def test_the_newest_events_of_all_files_are_found_by_time(tmp_path):
    write(tmp_path / "web.jsonl", event(1, "a"), event(4, "d"), event(5, "e"))
    write(tmp_path / "worker.jsonl", event(2, "b"), event(3, "c"))

    assert names(latest(tmp_path, 3)) == ["c", "d", "e"]
    assert names(latest(tmp_path, 2, lambda e: e["event"] < "d")) == ["b", "c"]
    assert latest(tmp_path, 0) == []


def test_a_story_has_an_end(tmp_path):
    write(tmp_path / "web.jsonl", *[event(n, f"e{n}", request_id="r-1") for n in range(10)])

    assert names(follow(tmp_path, "r-1", limit=3)) == ["e0", "e1", "e2"]
