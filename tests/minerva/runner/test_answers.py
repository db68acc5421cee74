"""One line of a runner, read strictly."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.runner.answers import Answer, Refusal, Step, read_line


def test_a_result_is_read():
    assert read_line(b'{"id": 3, "result": {"a": [1, 2.5]}}') == Answer(3, {"a": [1, 2.5]}, None)


def test_an_error_is_read_and_its_message_is_one_short_line():
    line = json.dumps({"id": 1, "error": {"code": "failed", "message": "a\nb\ud800" + "c" * 999}})

    told = read_line(line.encode())

    assert told.result is None
    assert told.refusal == Refusal("failed", "a b?" + "c" * 496)


def test_a_step_is_read_with_and_without_a_message():
    assert read_line(b'{"id": 1, "progress": 1, "message": "done"}') == Step(1, 1.0, "done")
    assert read_line(b'{"progress": 0.25, "id": 1}') == Step(1, 0.25, "")


@pytest.mark.parametrize(
    "line",
    ['{"id": 1, "progress": 1.1}', '{"id": 1, "progress": true}', '{"id": 1, "progress": 0, "a": 1}',
     '{"id": 1.0, "result": {}}', '{"id": 1, "id": 1, "result": {}}', '{"id": 1, "result": {"a": 1, "a": 1}}',
     '\ufeff{"id": 1, "result": {}}', "", "null", "{}", '{"id": 1, "result": {}} x'],
)  # fmt: skip
def test_what_the_protocol_does_not_allow_is_refused(line):
    with pytest.raises(ValueError, match=r"^(a|an) "):
        read_line(line.encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_sentence(line):
    try:
        told = read_line(line)
    except ValueError as error:
        assert str(error)
    else:
        assert isinstance(told, Answer | Step)
