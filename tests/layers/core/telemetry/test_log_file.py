"""A log file survives rotation, several processes, and a disk that is full."""

import multiprocessing
import stat
import sys
from pathlib import Path

import pytest

from minerva.errors import InvalidConfiguration
from minerva.layers.core.telemetry.log_file import LogFile, StandardOutput


def test_the_folder_is_made_and_is_for_its_owner(tmp_path):
    file = LogFile(tmp_path / "logs" / "web.jsonl")

    file.write(b"one\n")

    assert file.path.read_bytes() == b"one\n"
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    file.close()


def test_lines_are_appended(tmp_path):
    path = tmp_path / "web.jsonl"
    path.write_bytes(b"before\n")
    file = LogFile(path)

    file.write(b"after\n")

    assert path.read_bytes() == b"before\nafter\n"
    file.close()


def test_a_file_that_was_rotated_away_is_made_anew(tmp_path):
    file = LogFile(tmp_path / "web.jsonl")
    file.write(b"one\n")
    file.path.rename(tmp_path / "web.jsonl.1")

    file.write(b"two\n")
    file.write(b"three\n")

    assert (tmp_path / "web.jsonl.1").read_bytes() == b"one\n"
    assert file.path.read_bytes() == b"two\nthree\n"
    file.close()


def test_a_file_that_was_replaced_is_followed(tmp_path):
    file = LogFile(tmp_path / "web.jsonl")
    file.path.rename(tmp_path / "web.jsonl.1")
    file.path.write_bytes(b"someone else\n")

    file.write(b"two\n")

    assert file.path.read_bytes() == b"someone else\ntwo\n"
    file.close()


def _write_many(path, word):
    file = LogFile(path)
    for _ in range(300):
        file.write(word * 200 + b"\n")


def test_lines_of_several_processes_do_not_mix(tmp_path):
    path = tmp_path / "web.jsonl"
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_write_many, args=(path, word)) for word in (b"a", b"b")]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)

    lines = path.read_bytes().splitlines()
    assert sorted(set(lines)) == [b"a" * 200, b"b" * 200]
    assert len(lines) == 600


def test_a_folder_that_cannot_be_made_is_named_with_its_setting(tmp_path):
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(
        InvalidConfiguration, match=r"web\.jsonl cannot be written .* MINERVA_LOG_FOLDER"
    ):
        LogFile(tmp_path / "file" / "web.jsonl")


def test_a_full_disk_sends_lines_to_standard_error(capfdbinary):
    file = LogFile(Path("/dev/full"))

    file.write(b"one\n")

    assert capfdbinary.readouterr().err == b"one\n"
    file.close()


def test_a_folder_that_vanished_loses_no_line(tmp_path, capfdbinary):
    file = LogFile(tmp_path / "logs" / "web.jsonl")
    file.path.unlink()
    file.path.parent.rmdir()

    file.write(b"one\n")

    assert capfdbinary.readouterr().err == b"one\n"
    file.close()


def test_standard_output_gets_each_line_at_once(capfdbinary):
    StandardOutput().write(b"one\n")

    sys.stdout.flush()
    assert capfdbinary.readouterr().out == b"one\n"
