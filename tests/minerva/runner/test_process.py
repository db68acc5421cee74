"""A runner's process, apart from what it says."""

import sys
import time

import pytest

from minerva import AlgorithmFailed
from minerva.errors import TooLarge
from minerva.runner import Conversation, Program, RunnerProcess

ENVIRONMENT = """
import json, os, sys
for line in sys.stdin:
    print(json.dumps(dict(os.environ)), flush=True)
"""
SHELL = 'while read -r line; do echo \'{"id": 1, "result": {}}\'; done'


def python(code, **environment):
    return Program([sys.executable, "-S", "-E", "-c", code], ".", environment, shown=["it"])


def soon():
    return time.monotonic() + 30


def test_only_what_it_needs_of_our_environment_is_handed_on(monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "secret")
    process = RunnerProcess(python(ENVIRONMENT, OWN="1"))

    process.write(b"{}\n", soon())
    told = process.read(soon()).decode()

    process.close()
    assert "secret" not in told
    assert all(f'"{name}"' in told for name in ("PATH", "LANG", "HOME", "TMPDIR", "OWN"))


@pytest.mark.parametrize("command", [["/nowhere/at/all"], ["/etc/passwd"], ["a\0b"]])
def test_what_cannot_be_started_is_refused(command, tmp_path):
    with pytest.raises(AlgorithmFailed, match="could not be started"):
        RunnerProcess(Program(command, tmp_path))


def test_a_long_command_is_shortened_in_messages():
    assert len(str(Program(["x" * 999], "."))) == 200


def test_closing_twice_is_closing_once():
    process = RunnerProcess(python("input()"))

    process.close()
    process.close()

    assert process.ended()


def test_a_request_longer_than_the_runner_reads_is_refused_and_the_runner_lives():
    with Conversation(Program(["/bin/sh", "-c", SHELL], ".")) as conversation:
        with pytest.raises(TooLarge, match=r"has 50.. bytes, and it reads 4096"):
            conversation.ask("predict", 30, text="x" * 5000)
        conversation.process.write(b"{}\n", soon())
        assert conversation.process.read(soon()) == b'{"id": 1, "result": {}}'


def test_a_runner_that_says_goodbye_but_stays_is_ended():
    with Conversation(Program(["/bin/sh", "-c", f"{SHELL}; sleep 1000"], ".")) as conversation:
        assert conversation.bye(0.2) is None
        assert conversation.ended()


def test_several_lines_at_once_are_read_one_by_one():
    process = RunnerProcess(python("input(); print('a\\nb'); input()"))

    process.write(b"\n", soon())

    assert [process.read(soon()), process.read(soon())] == [b"a", b"b"]
    process.close()


def test_a_line_beyond_the_limit_is_refused_even_if_it_ends():
    process = RunnerProcess(python("input(); print('a' * 11); input()"), max_line=10)
    process.write(b"\n", soon())

    with pytest.raises(AlgorithmFailed, match="a line of more than 10 bytes"):
        process.read(soon())

    process.close()
