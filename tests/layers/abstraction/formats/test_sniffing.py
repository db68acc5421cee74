"""Finding out how a CSV file is written."""

import pytest

from minerva.errors import InvalidData
from minerva.layers.abstraction.formats.encoding import read_as
from minerva.layers.abstraction.formats.layout import Dialect
from minerva.layers.abstraction.formats.sniffing import sniff


@pytest.fixture
def written(tmp_path):
    def write(content: str | bytes, encoding: str = "utf-8"):
        path = tmp_path / "table.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_finds_the_delimiter(written, delimiter):
    path = written(f"a{delimiter}b{delimiter}c\n1{delimiter}2{delimiter}3\n")

    assert sniff(path).delimiter == delimiter


def test_is_not_misled_by_commas_inside_quotes(written):
    path = written('name;note\n"a, b";"c, d, e"\n"f";"g, h"\n')

    assert sniff(path).delimiter == ";"


def test_a_single_column_is_read_with_the_default(written):
    assert sniff(written("a\n1\n2\n")) == Dialect()


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [("1,5;2", ","), ("1.234,5;2", ","), ("1.5;2", "."), ("1;2", "."), ("1,5;2.5", ".")],
)
def test_finds_the_decimal_sign(written, cells, decimal):
    assert sniff(written(f"a;b\n{cells}\n")).decimal == decimal


@pytest.mark.parametrize(
    ("text", "written_in", "found"),
    [
        ("a,b\né,1\n", "utf-8", "utf-8"),
        ("a,b\né,1\n", "utf-8-sig", "utf-8"),
        ("a,b\né,1\n", "latin-1", "latin-1"),
        ("a,b\n€,1\n", "cp1252", "cp1252"),
        ("a,b\né,1\n", "utf-16", "utf-16"),
    ],
)
def test_finds_the_encoding(written, text, written_in, found):
    path = written(text, written_in)

    form = sniff(path)

    assert form.encoding == found
    assert path.read_text(encoding=read_as(form.encoding)).startswith("a,b")


def test_looks_for_the_encoding_in_the_whole_file(written):
    path = written(("a,b\n" + "x,1\n" * 500_000 + "é,1\n").encode("latin-1"))

    assert sniff(path).encoding == "latin-1"


def test_a_utf8_letter_cut_off_at_the_end_is_not_utf8(written):
    assert sniff(written(b"a,b\n1,\xc3")).encoding == "latin-1"


@pytest.mark.parametrize("content", [b"", b"\n\n  \n"])
def test_refuses_an_empty_file(written, content):
    with pytest.raises(InvalidData, match="is empty"):
        sniff(written(content))


def test_refuses_what_is_no_text(written):
    with pytest.raises(InvalidData, match="zero bytes"):
        sniff(written(b"PK\x03\x04\x00\x00"))


def test_refuses_what_cannot_be_read(tmp_path):
    with pytest.raises(InvalidData, match="No such file"):
        sniff(tmp_path / "none.csv")
