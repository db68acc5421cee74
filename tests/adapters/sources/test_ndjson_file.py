"""JSON lines, and the line of every mistake."""

from __future__ import annotations

import pandas as pd
import pytest

from minerva.errors import InvalidData


@pytest.fixture
def read(opened, tmp_path):
    def read_bytes(content: bytes) -> pd.DataFrame:
        (tmp_path / "data.ndjson").write_bytes(content)
        return pd.concat(opened(tmp_path, source="ndjson", path="data.ndjson").frames(2))

    return read_bytes


def test_values_keep_their_types(read):
    frame = read(b'{"a": 1, "b": "1"}\n{"a": 1.5, "b": null}\n{"a": true, "b": "x"}\n')

    assert frame["a"].tolist() == [1, 1.5, True]
    assert frame["b"].tolist() == ["1", None, "x"]


def test_what_a_line_does_not_name_is_missing_there(read):
    frame = read(b'{"a": 1}\n{"b": 2}\n{"a": 3}\n')

    assert frame["a"].tolist() == [1, None, 3]
    assert frame["b"].tolist() == [None, 2, None]


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_mean_nothing(read):
    assert read(b'\xef\xbb\xbf{"a": 1}\r\n\r\n{"a": 2}\r\n')["a"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1}\n{"a": \n', "data.ndjson:2: the line ends too early to be JSON"),
        (b'{"a": "\xff"}\n', "data.ndjson:1: the line is not utf-8 text"),
        (b'{"a": 1}\n\n[1]\n', "data.ndjson:3: expected an object, got an array"),
        (b'{"a": "' + b"x" * 2**20 + b'"}', "data.ndjson:1: the line is longer than 1048576 bytes"),
        (b"[" * 100_000, "data.ndjson:1: the line is nested too deep to be read"),
        (b'{"a": NaN}', "data.ndjson:1: the line is not valid JSON"),
    ],
)
def test_a_line_that_is_no_record_is_named(read, content, message):
    with pytest.raises(InvalidData) as raised:
        read(content)

    assert message in str(raised.value)
