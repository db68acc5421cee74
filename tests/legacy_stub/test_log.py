"""The shared log: its keys, and that processes can share the file."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from legacy_stub.errors import SettingError
from legacy_stub.log import logger, logging_to, where
from legacy_stub.tracing import Trace

REPOSITORY = Path(__file__).parents[2]

WRITER = """
import sys
from pathlib import Path
from legacy_stub.log import logger, logging_to
log = logger("main")
with logging_to(Path(sys.argv[1])):
  for number in range(500):
    log.info("line.written", writer=sys.argv[2], number=number, padding="x" * 3000)
"""


def test_an_event_has_its_keys_in_order(log_file):
    with Trace("req-1", "a" * 32).logged():
        logger("ui").info("page.served", status=200)

    line = json.loads(log_file.read_text())
    assert list(line)[:5] == ["timestamp", "level", "event", "component", "unit"]
    assert line["level"] == "info"
    assert line["event"] == "page.served"
    assert line["component"] == "legacy"
    assert line["unit"] == "ui"
    assert line["request_id"] == "req-1"
    assert line["trace_id"] == "a" * 32
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["timestamp"])


def test_several_processes_share_the_file_line_by_line(tmp_path):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, tmp_path, str(number)], cwd=REPOSITORY)
        for number in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]

    lines = [json.loads(line) for line in (tmp_path / "legacy.jsonl").read_text().splitlines()]
    for number in "012":
        own = [line["number"] for line in lines if line["writer"] == number]
        assert own == list(range(500))


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(SettingError, match="LEGACY_LOG_FOLDER"), logging_to(tmp_path / "file"):
        pass


def test_an_error_is_told_by_its_place_alone():
    with pytest.raises(ValueError, match="secret") as caught:
        int("secret")

    assert re.fullmatch(r"test_log\.py:\d+", where(caught.value))
    assert where(ValueError("never raised")) == "unknown"
