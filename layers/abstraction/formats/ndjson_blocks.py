"""NDJSON files in chunks of typed columns, or of records where a line has other types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
from pyarrow import json as arrow_json

from minerva.layers.abstraction.formats.chunk import Chunk, Fault, NoRecord, Read, Records
from minerva.layers.abstraction.formats.ndjson_line import read_object
from minerva.layers.abstraction.formats.text_blocks import BREAK, Block, blocks
from minerva.schema import Field, FieldType, Schema
from minerva.schema.field import MAX_EXACT_INTEGER, NUMERIC


@dataclass(frozen=True)
class NdjsonBlocks:
    """Reads one file."""

    file: str
    schema: Schema
    key_kind: str
    """As `key_kind` tells it."""

    def read(self, file: BinaryIO, start: int, end: int, line: int) -> Iterator[Read]:
        """Yield the rows between two bytes."""
        types = self._types()
        for block in blocks(file, start, end, line, quoted=False, name=self.file):
            rows = None if types is None else self._chunk(block, types)
            next_line = block.line + block.text.count(BREAK)
            yield Read(self._records(block) if rows is None else rows, block.end, next_line)

    def _chunk(self, block: Block, types: pa.Schema) -> Chunk | None:
        """Read a block at once; None: it holds other types, or lines that are no single object."""
        lines = block.text.count(BREAK) + (not block.text.endswith(BREAK))
        try:
            table = arrow_json.read_json(
                pa.BufferReader(block.text),
                arrow_json.ReadOptions(use_threads=False, block_size=len(block.text) + 1),
                arrow_json.ParseOptions(
                    explicit_schema=types,
                    unexpected_field_behavior="ignore",
                    newlines_in_values=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        columns = {name: table.column(name).combine_chunks() for name in types.names}
        if table.num_rows != lines or self._too_large(columns):
            return None
        known, texts = set(types.names), _Texts(block.text)

        def record(row: int) -> Any:
            return _known(texts.at(row), known)

        return Chunk(lines, columns, lambda row: block.line + row, record)

    def _too_large(self, columns: dict[str, pa.Array]) -> bool:
        """Tell whether a whole number may have been rounded."""
        import pyarrow.compute as pc

        for name, column in columns.items():
            field = self.schema.inputs.get(name)
            if field is not None and field.type in {FieldType.INTEGER, FieldType.CATEGORY} and (
                pa.types.is_floating(column.type)
            ):  # fmt: skip
                most = pc.max(pc.abs(column)).as_py()
                if most is not None and most >= MAX_EXACT_INTEGER:
                    return True
        return False

    def _records(self, block: Block) -> Records:
        known = {*self.schema.inputs, *([self.schema.key] if self.schema.key else [])}
        records: list[Any] = []
        numbers: list[int] = []
        broken: list[Fault] = []
        for number, line in enumerate(block.text.split(BREAK), start=block.line):
            if not line.strip():
                continue
            try:
                records.append(_known(line, known))
            except NoRecord as error:
                broken.append(Fault(number, "", str(error)))
            else:
                numbers.append(number)
        return Records(records, numbers, broken)

    def _types(self) -> pa.Schema | None:
        """Return the columns' types; None: a field has none, as its values are text and numbers."""
        types = [(name, _type(field)) for name, field in self.schema.inputs.items()]
        if self.schema.key is not None:
            whole = self.key_kind == "whole"
            types.append((self.schema.key, pa.int64() if whole else pa.string()))
        if any(kind is None for _, kind in types):
            return None
        return pa.schema(types)


@dataclass
class _Texts:
    """The lines of a block, taken apart only if somebody asks."""

    text: bytes
    _lines: Sequence[bytes] = ()

    def at(self, row: int) -> bytes:
        if not self._lines:
            self._lines = self.text.split(BREAK)
        return self._lines[row]


def key_kind(line: bytes, key: str) -> str:
    """Return `whole` or `text`: what the key of a record is."""
    try:
        return "whole" if type(read_object(line).get(key)) is int else "text"
    except NoRecord:
        return "text"


def _known(line: bytes, known: set[str]) -> dict[str, Any]:
    """Return the record of a line without what is no input, as in every other format."""
    record = read_object(line, once=True)
    return {name: value for name, value in record.items() if name in known}


def _type(field: Field) -> pa.DataType | None:
    if field.type in NUMERIC:
        return pa.float64()
    if field.type is FieldType.BOOLEAN:
        return pa.bool_()
    if field.type is not FieldType.CATEGORY:
        return pa.string()
    texts = {isinstance(value, str) for value in field.values}
    if len(texts) > 1:
        return None
    return pa.string() if texts.pop() else pa.float64()
