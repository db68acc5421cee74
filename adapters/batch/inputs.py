"""Inputs: a file, the files of a folder, or what a URL names, in any of the formats."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from minerva.adapters.batch.storage import filesystem_of, full_name, is_local, reading
from minerva.errors import Fault, InvalidData, InvalidInput, NotFound, NotPermitted
from minerva.layers.abstraction.batch.chunk import Read
from minerva.layers.abstraction.batch.header import refuse_columns
from minerva.layers.abstraction.batch.ports import Slice, Source
from minerva.layers.abstraction.batch.task import SUFFIXES, Dialect, Form, Task
from minerva.layers.abstraction.batch.values import cell_values
from minerva.schema import Schema

if TYPE_CHECKING:
    from minerva.adapters.batch.csv_rows import CsvRows

HEAD = 256 * 1024
WIDE = (b"\xff\xfe", b"\xfe\xff")
MOST_FILES = 10_000


@dataclass(frozen=True)
class FileInputs:
    """Satisfies `ports.Inputs`."""

    def find(self, place: str, form: Form) -> Sequence[str]:
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

    def look(self, file: str, form: Form, task: Task, schema: Schema) -> Source:
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
        from minerva.adapters.batch.text_blocks import boundaries

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
                from minerva.adapters.batch.ndjson_rows import NdjsonRows

                yield from NdjsonRows(source, schema).read(content, start, rows.end, number)
            elif source.form == "csv":
                yield from _csv_rows(source, schema).read(content, start, rows.end, number)
            else:
                yield from _parquet_rows(content, source, schema, start, rows.end)


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


def _is_input(name: str, folder: str, form: Form) -> bool:
    below = PurePosixPath(name).relative_to(PurePosixPath(folder.rstrip("/")))
    hidden = any(step.startswith((".", "_")) for step in below.parts)
    return (
        SUFFIXES.get(below.suffix.lower()) == form and not hidden and ".rejects" not in below.name
    )


def _look_at_parquet(content: BinaryIO, file: str, schema: Schema) -> Source:
    from pyarrow import ArrowException, parquet

    from minerva.layers.abstraction.batch.types import refuse_types

    try:
        with parquet.ParquetFile(content, pre_buffer=False) as parquet_file:
            arrow, rows = parquet_file.schema_arrow, parquet_file.metadata.num_rows
    except (ArrowException, OSError) as error:
        raise InvalidInput(f"{_name(file)} is not a whole Parquet file: write it again.") from error
    refuse_types(schema, arrow, _name(file))
    return Source(file=file, form="parquet", size=rows, columns=list(arrow.names))


def _parquet_rows(
    content: BinaryIO, source: Source, schema: Schema, start: int, end: int
) -> Iterator[Read]:
    from pyarrow import ArrowException

    from minerva.adapters.batch.parquet_rows import ParquetRows

    try:
        yield from ParquetRows(_wanted(source, schema)).read(content, start, end)
    except (ArrowException, OSError) as error:
        raise InvalidData(
            f"{_name(source.file)} is not a whole Parquet file: write it again."
        ) from error


def _look_at_ndjson(head: bytes, file: str, size: int, schema: Schema) -> Source:
    from minerva.adapters.batch.ndjson_rows import first_key

    line = next((one for one in head.removeprefix(BOM_UTF8).split(b"\n") if one.strip()), b"")
    if line and not line.lstrip().startswith(b"{"):
        fault = Fault(f"{_name(file)}:1", "expected one JSON object per line")
        raise InvalidInput(f"{_name(file)} is not NDJSON.", faults=[fault])
    kind = "text" if schema.key is None else first_key(line, schema.key)
    return Source(file=file, form="ndjson", size=size, key_kind=kind)


def _look_at_csv(
    content: BinaryIO, head: bytes, source: Source, task: Task, schema: Schema
) -> Source:
    import msgspec

    from minerva.adapters.batch.csv_rows import header

    name = _name(source.file)
    source = msgspec.structs.replace(source, dialect=_dialect(head, source.file, task))
    if not head.removeprefix(BOM_UTF8).strip():
        fault = Fault(f"{name}:1", "is empty; the first line must name the columns")
        raise InvalidInput(f"{name} cannot be used.", faults=[fault])
    names, _, _ = header(content, source, _bom(head))
    repeated = sorted({one for one in names if names.count(one) > 1})
    if repeated:
        fault = Fault(f"{name}:1", f"names {', '.join(map(repr, repeated))} more than once")
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
    import codecs

    from minerva.layers.abstraction.services.csv_format import sniffed

    try:
        codecs.lookup(task.encoding or "utf-8")
    except (LookupError, ValueError) as error:  # a NUL in a name is a ValueError
        fault = Fault("/encoding", "is none; write one such as utf-8, latin-1 or cp1252")
        raise InvalidInput("There is no such encoding.", faults=[fault]) from error
    if task.encoding is None:
        _refuse_mixed(head, _name(file))
    found = sniffed(head, _name(file), task.encoding, task.delimiter)
    return Dialect(found.delimiter, found.encoding, task.decimal or found.decimal)


def _refuse_mixed(head: bytes, name: str) -> None:
    """Raise InvalidInput where some lines are UTF-8 with letters beyond ASCII, and others are not."""
    utf8 = other = 0
    for number, line in enumerate(head.split(b"\n")[:-1], start=1):
        if line.isascii():
            continue
        try:
            line.decode()
            utf8 = utf8 or number
        except UnicodeDecodeError:
            other = other or number
    if utf8 and other:
        fault = Fault(f"{name}:{other}", f"is not UTF-8, but line {utf8} is; or say `encoding`")
        raise InvalidInput(f"{name} has lines of several encodings.", faults=[fault])


def _first_row(content: BinaryIO, source: Source) -> tuple[int, int]:
    """Return the first byte of the first row, and its line."""
    content.seek(0)
    bom = _bom(content.read(len(BOM_UTF8)))
    if source.form == "ndjson":
        return bom, 1
    from minerva.adapters.batch.csv_rows import header

    _, start, line = header(content, source, bom)
    return start, line


def _csv_rows(source: Source, schema: Schema) -> CsvRows:
    from minerva.adapters.batch.csv_rows import CsvRows

    plain = cell_values(schema, source.dialect.decimal)
    return CsvRows(source, _wanted(source, schema), plain)


def _wanted(source: Source, schema: Schema) -> list[str]:
    there = set(source.columns)
    names = [*schema.inputs, *([schema.key] if schema.key else [])]
    return [name for name in names if name in there]


def _bom(head: bytes) -> int:
    return len(BOM_UTF8) if head.startswith(BOM_UTF8) else 0


def _name(file: str) -> str:
    return PurePosixPath(file).name
