"""How a CSV file is written: encoding, delimiter and decimal sign, found by looking at its bytes."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from minerva.errors import InvalidData
from minerva.layers.abstraction.formats.encoding import read_as
from minerva.layers.abstraction.formats.layout import Dialect

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 200
_SAMPLE_CHARACTERS = 256 * 1024
_BLOCK = 1024 * 1024
_COMMA = re.compile(r"[+-]?\d{1,3}(\.\d{3})*,\d+|[+-]?\d+,\d+")
_POINT = re.compile(r"[+-]?\d+\.\d+")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
_MARKS = (
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def sniff(path: Path) -> Dialect:
    """Look at a file. Raises InvalidData if it cannot be read, is empty or is no text."""
    try:
        encoding = _encoding(path)
        with path.open(encoding=read_as(encoding), newline="") as file:
            sample = file.read(_SAMPLE_CHARACTERS)
            whole = not file.read(1)
    except OSError as error:
        raise InvalidData(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidData(f"{path} cannot be read as {encoding} text.") from error
    lines = sample.splitlines(keepends=True)
    if not whole:
        del lines[-1:]  # the last one may be cut
    if not "".join(lines).strip():
        raise InvalidData(f"{path} is empty: it needs a line of column names and rows.")
    return _dialect(lines, encoding)


def sniffed(
    head: bytes, name: str, encoding: str | None = None, delimiter: str | None = None
) -> Dialect:
    """Look at a file's first bytes; what is said already is not looked for. Raises InvalidData."""
    found = encoding or _without_mark(iter([head.rpartition(b"\n")[0]]), Path(name))
    lines = head.removeprefix(codecs.BOM_UTF8).decode(found, errors="replace").splitlines(True)
    if len(lines) > 1:
        del lines[-1:]  # it may be cut
    return _dialect(lines, found, delimiter)


def several_encodings(head: bytes) -> tuple[int, int] | None:
    """Return a line that is UTF-8 beyond ASCII and one that is not, if there are both."""
    utf8 = other = 0
    for number, line in enumerate(head.split(b"\n")[:-1], start=1):
        if line.isascii():
            continue
        try:
            line.decode()
            utf8 = utf8 or number
        except UnicodeDecodeError:
            other = other or number
    return (utf8, other) if utf8 and other else None


def _dialect(lines: list[str], encoding: str, delimiter: str | None = None) -> Dialect:
    sign = delimiter or max(_DELIMITERS, key=lambda one: _fit(lines, one))
    return Dialect(sign, encoding, _decimal(_rows(lines, sign)))


def _encoding(path: Path) -> str:
    """UTF-8 if all of the file is, else what Western legacy systems write."""
    with path.open("rb") as file:
        head = file.read(4)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return name
        file.seek(0)
        return _without_mark(iter(lambda: file.read(_BLOCK), b""), path)


def _without_mark(blocks: Iterator[bytes], path: Path) -> str:
    decode = codecs.getincrementaldecoder("utf-8")().decode
    is_utf8, windows = True, False
    for block in blocks:
        if b"\0" in block:
            raise InvalidData(f"{path} is no CSV text: it holds zero bytes.")
        if is_utf8:
            try:
                decode(block)
            except UnicodeDecodeError:
                is_utf8 = False
        windows = windows or any(0x80 <= byte <= 0x9F for byte in set(block))  # noqa: PLR2004 - where Latin-1 has control characters and Windows has letters
    if is_utf8:
        try:
            decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    return "utf-8" if is_utf8 else ("cp1252" if windows else "latin-1")


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter):
            rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:
        return rows  # the data source explains what is wrong and where
    return rows


def _fit(lines: list[str], delimiter: str) -> tuple[float, int]:
    """How well a delimiter explains the lines: the share of rows as wide as the header, the width."""
    widths = [len(row) for row in _rows(lines, delimiter) if row]
    if not widths or widths[0] == 1:
        return (0.0, 0)
    return (Counter(widths)[widths[0]] / len(widths), widths[0])


def _decimal(rows: list[list[str]]) -> Literal[".", ","]:
    """A comma if numbers are written so and none is written with a point."""
    cells = [cell.strip() for row in rows[1:] for cell in row]
    commas = any(_COMMA.fullmatch(cell) for cell in cells)
    points = any(_POINT.fullmatch(cell) and not _GROUPED.fullmatch(cell) for cell in cells)
    return "," if commas and not points else "."
