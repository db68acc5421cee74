"""docs/runner-protocol.md: its conversation is what really happens, its figures are the code's."""

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from minerva.layers.application.command.parameters import CommandParameters
from minerva.runner import MAX_LINE, Program, RunnerProcess
from minerva.runner.conversation import GRACE_S, LEAST_MAX_LINE, PROTOCOL

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "runner-protocol.md").read_text(encoding="utf-8")
MESSAGES = json.loads((ROOT / "docs" / "runner-protocol.schema.json").read_text())


def block(language, after):
    """The first block of code behind a line."""
    return re.search(rf"```{language}\n(.*?)```", TEXT.split(after, 1)[1], re.DOTALL)[1]


def test_the_conversation_is_what_really_happens(tmp_path):
    (tmp_path / "data.ndjson").write_text(block("text", "`data.ndjson`:"))
    (tmp_path / "model").mkdir()
    runner = ROOT / "examples" / "runners" / "python" / "runner.py"
    process = RunnerProcess(Program([shutil.which("python3"), str(runner)], tmp_path))
    said = block("text", "answers:").splitlines()

    for line in said:
        direction, text = line.split(" ", 1)
        if direction == "→":
            process.write(text.encode() + b"\n", soon())
        else:
            assert nearly(json.loads(process.read(soon()))) == nearly(json.loads(text))

    assert process.wait(60) == 0
    process.close()
    assert {line[0] for line in said} == {"→", "←"}


def soon():
    """A deadline that is never reached."""
    return time.monotonic() + 60


def nearly(value):
    """Numbers with six digits: processors differ in the last ones."""
    if isinstance(value, dict):
        return {name: nearly(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [nearly(inner) for inner in value]
    return f"{value:.6g}" if isinstance(value, float) else value


def test_every_line_of_the_conversation_is_a_message():
    validator = Draft202012Validator(MESSAGES)
    told = [json.loads(line[2:]) for line in block("text", "answers:").splitlines()]
    wrong = [message for message in told if not validator.is_valid(message)]
    assert [message.get("type") for message in wrong] == ["paint"]  # which the schema does not know


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(MESSAGES)


@pytest.mark.parametrize(
    "promise",
    [
        f"`protocol`: {PROTOCOL}",
        f"at least {LEAST_MAX_LINE}",
        f"| a line to Minerva | {MAX_LINE // 2**20} MiB |",
        f"`start_s` ({CommandParameters(command=['x']).start_s:g} s) each",
        f"`answer_s` ({CommandParameters(command=['x']).answer_s:g} s)",
        f"`train_s` ({CommandParameters(command=['x']).train_s / 3600:g} h)",
        f"| `bye` | {GRACE_S:g} s |",
    ],
)
def test_the_figures_are_those_of_the_code(promise):
    assert promise in TEXT


def test_every_parameter_is_shown():
    declared = block("yaml", "# The runner protocol")
    assert [
        name for name in CommandParameters.__struct_fields__ if f"{name}:" not in declared
    ] == []
