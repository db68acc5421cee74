"""CSV as legacy systems write it, and the line of every mistake."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from minerva.errors import InvalidConfiguration, InvalidData


@pytest.fixture
def read(opened, tmp_path):
    def read_bytes(content: bytes, **declared) -> pd.DataFrame:
        (tmp_path / "data.csv").write_bytes(content)
        source = opened(tmp_path, source="csv", path="data.csv", **declared)
        return pd.concat(source.frames(2))

    return read_bytes


def fault(raised) -> str:
    (one,) = raised.value.faults
    return str(one)


def test_cells_stay_text_and_empty_ones_stay_empty(read):
    frame = read(b"id,tenure,note\n007,1.50,\nNA,null,nan\n")

    assert frame.to_numpy().tolist() == [["007", "1.50", ""], ["NA", "null", "nan"]]


def test_a_decimal_comma_stays_in_the_cell(read):
    frame = read(b"id;charges\n1;70,5\n", delimiter=";", decimal=",")

    assert list(frame["charges"]) == ["70,5"]


def test_a_byte_order_mark_is_not_part_of_the_first_name(read):
    assert list(read(b"\xef\xbb\xbfid,tenure\n1,2\n").columns) == ["id", "tenure"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
def test_other_encodings_can_be_declared(read, encoding):
    assert list(read("name\nJosé\n".encode(encoding), encoding=encoding)["name"]) == ["José"]


def test_quoted_cells_may_hold_delimiters_and_line_breaks(read):
    frame = read(b'id,note\r\n1,"a, ""b""\r\nc"\r\n')

    assert list(frame["note"]) == ['a, "b"\r\nc']


def test_blank_lines_are_passed_over(read):
    assert len(read(b"id,tenure\n\n1,2\n\n\n3,4\n\n")) == 2


def test_a_row_number_column_without_a_name_is_kept(read):
    assert list(read(b'"","id"\n"1","a"\n').columns) == ["", "id"]


@pytest.mark.parametrize(("row", "cells"), [(b"3", 1), (b"3,4,5", 3)])
def test_a_row_of_another_length_is_named(read, row, cells):
    with pytest.raises(InvalidData) as raised:
        read(b'id,tenure\n"1\n",2\n\n' + row + b"\n9,9\n")

    assert fault(raised).startswith(f"data.csv:5: the line has {cells} cells where the first line")


def test_an_open_quote_is_named(read):
    with pytest.raises(InvalidData, match=r"data\.csv:3: the line is not CSV"):
        read(b'id,tenure\n1,2\n"3,4\n')


def test_text_after_a_closing_quote_is_named(read):
    with pytest.raises(InvalidData, match=r"data\.csv:2: the line is not CSV"):
        read(b'id,tenure\n"1"x,2\n')


def test_a_wrong_encoding_names_the_first_line_that_does_not_fit(read):
    with pytest.raises(InvalidData) as raised:
        read(b"name\n" + b"plain\n" * 5000 + "José\n".encode("latin-1") + b"plain\n" * 5000)

    assert fault(raised) == (
        "data.csv:5002: the line is not utf-8 text; set `encoding` under `data`"
    )


def test_a_wrong_encoding_of_wide_characters_is_told(read):
    with pytest.raises(InvalidData, match="is not utf-16 text"):
        read(b"id\n1\n2", encoding="utf-16")


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf"])
def test_an_empty_file_is_told(read, content):
    with pytest.raises(InvalidData, match=r"data\.csv:1: the line is empty"):
        read(content)


def test_a_blank_first_line_is_told(read):
    with pytest.raises(InvalidData, match=r"data\.csv:1: the line is blank"):
        read(b"\nid,tenure\n1,2\n")


def test_a_repeated_column_is_named(read):
    with pytest.raises(InvalidData, match="names 'id' more than once"):
        read(b"id,tenure,id\n1,2,3\n")


@pytest.mark.parametrize("encoding", ["klingon", "utf\0"])
def test_an_unknown_encoding_is_a_mistake_of_the_configuration(read, encoding):
    with pytest.raises(InvalidConfiguration, match=f"no encoding {re.escape(repr(encoding))}"):
        read(b"id\n1\n", encoding=encoding)


@pytest.mark.parametrize("delimiter", ["\n", '"'])
def test_an_impossible_delimiter_is_a_mistake_of_the_configuration(read, delimiter):
    with pytest.raises(InvalidConfiguration, match="delimiter"):
        read(b"id\n1\n", delimiter=delimiter)


@pytest.mark.parametrize("kind", ["csv", "parquet", "ndjson"])
class TestFilesThatAreNotThere:
    def test_a_missing_file_is_named(self, opened, tmp_path, kind):
        source = opened(tmp_path, source=kind, path="data/missing")

        with pytest.raises(InvalidData) as raised:
            next(source.frames(10))

        assert f"{tmp_path}/data/missing cannot be read (no such file" in raised.value.message

    def test_a_folder_without_data_is_named(self, opened, tmp_path, kind):
        (tmp_path / "_SUCCESS").touch()

        with pytest.raises(InvalidData, match=f"{tmp_path} holds no {kind} data: files there must"):
            next(opened(tmp_path, source=kind, path=".").frames(10))

    def test_an_absolute_path_leaves_the_workspace(self, opened, tmp_path, kind):
        source = opened(tmp_path / "workspace", source=kind, path=str(tmp_path / "missing"))

        with pytest.raises(InvalidData, match=f"{tmp_path}/missing"):
            next(source.frames(10))

    def test_a_path_is_needed(self, opened, tmp_path, kind):
        with pytest.raises(InvalidConfiguration, match="needs a path"):
            opened(tmp_path, source=kind)
