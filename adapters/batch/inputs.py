"""Inputs: a file, the files of a folder, or what a URL names, in any of the formats."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from minerva.adapters.batch.storage import filesystem_of, full_name, is_local, reading
from minerva.errors import Fault, InvalidData, InvalidInput, NotFound, NotPermitted
from minerva.layers.abstraction.batch.header import refuse_columns
from minerva.layers.abstraction.batch.ports import Slice, Source
from minerva.layers.abstraction.batch.task import SUFFIXES, Task
from minerva.layers.abstraction.formats.chunk import Read
from minerva.layers.abstraction.formats.encoding import breaks_by_byte, is_text_encoding
from minerva.layers.abstraction.formats.header import repeated
from minerva.layers.abstraction.formats.layout import Dialect, Format
from minerva.layers.abstraction.formats.parquet_file import NotWhole, opened_parquet
from minerva.layers.abstraction.formats.values import cell_values
from minerva.schema import Schema

if TYPE_CHECKING:
    from minerva.layers.abstraction.formats.csv_blocks import CsvBlocks

HEAD = 256 * 1024
WIDE = (b"\xff\xfe", b"\xfe\xff")
MOST_FILES = 10_000


@dataclass(frozen=True)
class FileInputs:
    """Satisfies `ports.Inputs`."""

    def find(self, place: str, form: Format) -> Sequence[str]:
        """Return the file, or the folder's files whose suffix says this format, hidden ones left out."""
        filesystem, path = filesystem_of(place)
        with reading(place):
            if not filesystem.exists(path):
                raise NotFound(f"There is no file or folder {place}.")
            if not filesystem.isdir(path):
                return [place]
            names = sorted(map(str, filesystem.find(path)))
        files = [full_name(place, name) for name in names if _is_input(name, path, form)]
        if is_local(place):
            _refuse_links_out(files, place)
        if not files:
            raise NotFound(f"The folder {place} holds no {form} files.")
        if len(files) > MOST_FILES:
            raise InvalidInput(f"The folder {place} holds more than {MOST_FILES:,} files.")
        return files

    def look(self, file: str, form: Format, task: Task, schema: Schema) -> Source:
        """Read a file's head."""
        with opened(file) as content, reading(file):
            if form == "parquet":
                return _look_at_parquet(content, file, schema)
            head = content.read(HEAD)
            size = content.seek(0, 2)
            if head.startswith(WIDE):
                fault = Fault(f"{_name(file)}:1", "is UTF-16; save it as UTF-8")
                raise InvalidInput(f"{_name(file)} cannot be used.", faults=[fault])
            if form == "ndjson":
                return _look_at_ndjson(head, file, size, schema)
            return _look_at_csv(
                content, head, Source(file=file, form=form, size=size), task, schema
            )

    def split(self, source: Source, position: int, most: int) -> Sequence[Slice]:
        """Return a file's rows in about `most` stretches of equal length."""
        if source.form == "parquet":
            cuts = sorted({source.size * part // most for part in range(most)} | {0})
            ends = [*cuts[1:], source.size]
            return [Slice(position, a, b, a + 1) for a, b in zip(cuts, ends, strict=True) if a < b]
        from minerva.layers.abstraction.formats.text_blocks import boundaries

        with opened(source.file) as content, reading(source.file):
            start, line = _first_row(content, source)
            if start >= source.size:
                return []
            found = [(start, 0)]
            if most > 1:
                quoted = source.form == "csv"
                found = boundaries(content, start, source.size, most, quoted=quoted)
        ends = [*(begin for begin, _ in found[1:]), source.size]
        return [
            Slice(position, begin, end, line + before)
            for (begin, before), end in zip(found, ends, strict=True)
        ]

    def read(
        self, source: Source, rows: Slice, start: int, number: int, schema: Schema
    ) -> Iterator[Read]:
        """Yield the rows of a slice from `start` on."""
        with opened(source.file) as content, reading(source.file):
            if source.form == "ndjson":
                from minerva.layers.abstraction.formats.ndjson_blocks import NdjsonBlocks

                blocks = NdjsonBlocks(source.file, schema, source.key_kind)
                yield from blocks.read(content, start, rows.end, number)
            elif source.form == "csv":
                yield from _csv_blocks(source, schema).read(content, start, rows.end, number)
            else:
                yield from _parquet_blocks(content, source, schema, start, rows.end)


@contextmanager
def opened(file: str) -> Iterator[BinaryIO]:
    """Open a file to be read. Raises as `storage.reading`."""
    filesystem, path = filesystem_of(file)
    with reading(file):
        content: Any = filesystem.open(path, "rb")
    with content:
        yield content


def _refuse_links_out(files: Sequence[str], folder: str) -> None:
    """Raise NotPermitted for a link that leads out of the folder: only the folder was allowed."""
    home = Path(folder).resolve()
    for file in files:
        if not Path(file).resolve().is_relative_to(home):
            raise NotPermitted(f"{_name(file)} in {folder} is a link that leads out of it.")


def _is_input(name: str, folder: str, form: Format) -> bool:
    below = PurePosixPath(name).relative_to(PurePosixPath(folder.rstrip("/")))
    hidden = any(step.startswith((".", "_")) for step in below.parts)
    return (
        SUFFIXES.get(below.suffix.lower()) == form and not hidden and ".rejects" not in below.name
    )


def _look_at_parquet(content: BinaryIO, file: str, schema: Schema) -> Source:
    from minerva.layers.abstraction.batch.types import refuse_types

    try:
        with opened_parquet(content) as parquet_file:
            arrow, rows = parquet_file.schema_arrow, parquet_file.metadata.num_rows
    except NotWhole as error:
        raise InvalidInput(f"{_name(file)} {error}: write it again.") from error
    refuse_types(schema, arrow, _name(file))
    return Source(file=file, form="parquet", size=rows, columns=list(arrow.names))


def _parquet_blocks(
    content: BinaryIO, source: Source, schema: Schema, start: int, end: int
) -> Iterator[Read]:
    from minerva.layers.abstraction.formats.parquet_blocks import ParquetBlocks

    try:
        yield from ParquetBlocks(_wanted(source, schema)).read(content, start, end)
    except NotWhole as error:
        raise InvalidData(f"{_name(source.file)} {error}: write it again.") from error


def _look_at_ndjson(head: bytes, file: str, size: int, schema: Schema) -> Source:
    from minerva.layers.abstraction.formats.ndjson_blocks import key_kind

    line = next((one for one in head.removeprefix(BOM_UTF8).split(b"\n") if one.strip()), b"")
    if line and not line.lstrip().startswith(b"{"):
        fault = Fault(f"{_name(file)}:1", "expected one JSON object per line")
        raise InvalidInput(f"{_name(file)} is not NDJSON.", faults=[fault])
    kind = "text" if schema.key is None else key_kind(line, schema.key)
    return Source(file=file, form="ndjson", size=size, key_kind=kind)


def _look_at_csv(
    content: BinaryIO, head: bytes, source: Source, task: Task, schema: Schema
) -> Source:
    from minerva.layers.abstraction.formats.csv_blocks import first_line

    name = _name(source.file)
    source = msgspec.structs.replace(source, dialect=_dialect(head, source.file, task))
    if not head.removeprefix(BOM_UTF8).strip():
        fault = Fault(f"{name}:1", "is empty; the first line must name the columns")
        raise InvalidInput(f"{name} cannot be used.", faults=[fault])
    names, _, _ = first_line(content, _bom(head), source.dialect)
    if twice := repeated(names):
        fault = Fault(f"{name}:1", f"names {', '.join(map(repr, twice))} more than once")
        raise InvalidInput(f"{name} cannot be used.", faults=[fault])
    try:
        refuse_columns(schema, names, name)
    except InvalidInput as error:
        sign = source.dialect.delimiter
        hint = f"its first line names {len(names)} columns between {sign!r}"
        raise InvalidInput(f"{error.message} ({hint}.)", faults=error.faults) from error
    return msgspec.structs.replace(source, columns=names)


def _dialect(head: bytes, file: str, task: Task) -> Dialect:
    """Return what was said about a CSV file; what was not is found by looking at its head."""
    from minerva.layers.abstraction.formats.sniffing import several_encodings, sniffed

    name = _name(file)
    if task.encoding is not None:
        _check_encoding(task.encoding)
    elif found := several_encodings(head):
        utf8, other = found
        fault = Fault(f"{name}:{other}", f"is not UTF-8, but line {utf8} is; or say `encoding`")
        raise InvalidInput(f"{name} has lines of several encodings.", faults=[fault])
    dialect = sniffed(head, name, task.encoding, task.delimiter)
    return msgspec.structs.replace(dialect, decimal=task.decimal or dialect.decimal)


def _check_encoding(encoding: str) -> None:
    """Raise InvalidInput for what is no encoding, or one whose rows cannot be found by their bytes."""
    if not is_text_encoding(encoding):
        fault = Fault("/encoding", "is none; write one such as utf-8, latin-1 or cp1252")
        raise InvalidInput("There is no such encoding.", faults=[fault])
    if not breaks_by_byte(encoding):
        fault = Fault("/encoding", "is none of a batch: save the file as utf-8")
        raise InvalidInput("Rows of this encoding cannot be found by their bytes.", faults=[fault])


def _first_row(content: BinaryIO, source: Source) -> tuple[int, int]:
    """Return the first byte of the first row, and its line."""
    content.seek(0)
    bom = _bom(content.read(len(BOM_UTF8)))
    if source.form == "ndjson":
        return bom, 1
    from minerva.layers.abstraction.formats.csv_blocks import first_line

    _, start, line = first_line(content, bom, source.dialect)
    return start, line


def _csv_blocks(source: Source, schema: Schema) -> CsvBlocks:
    from minerva.layers.abstraction.formats.csv_blocks import CsvBlocks

    plain = cell_values(schema, source.dialect.decimal)
    wanted = _wanted(source, schema)
    return CsvBlocks(source.file, source.columns, wanted, source.dialect, plain)


def _wanted(source: Source, schema: Schema) -> list[str]:
    there = set(source.columns)
    names = [*schema.inputs, *([schema.key] if schema.key else [])]
    return [name for name in names if name in there]


def _bom(head: bytes) -> int:
    return len(BOM_UTF8) if head.startswith(BOM_UTF8) else 0


def _name(file: str) -> str:
    return PurePosixPath(file).name
