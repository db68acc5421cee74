"""The ports of batch prediction: where rows come from, where they wait, and where answers go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from minerva.layers.abstraction.batch.task import Task
from minerva.layers.abstraction.formats.chunk import Read
from minerva.layers.abstraction.formats.layout import Dialect, Format
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.schema import Schema

if TYPE_CHECKING:
    import pyarrow as pa


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One file of an input, and what its head tells."""

    file: str
    form: Format
    size: int
    """Bytes, or rows of a Parquet file."""
    columns: list[str] = []
    dialect: Dialect = Dialect()
    key_kind: str = "text"
    """`text` or `whole`: what keys are in an NDJSON file, by its first record."""
    plain_cells: bool = False
    """Whether its values are a database's, made plain already."""


class Slice(msgspec.Struct, frozen=True):
    """A stretch of one file; bytes of a text file, rows of a Parquet file. It begins with a row."""

    source: int
    """Position among the sources."""
    start: int
    end: int
    number: int
    """Line or place of its first row, from 1."""


class Plan(msgspec.Struct, frozen=True):
    """How an input is divided."""

    sources: list[Source]
    parts: list[list[Slice]]


class Inputs(Protocol):
    """Files, folders and URLs that are scored, and the query that is."""

    def find(self, place: str, form: Format) -> Sequence[str]:
        """Return the file, or the files of a folder in order of their names. Raises NotFound."""

    def look(self, file: str, form: Format, task: Task, schema: Schema) -> Source:
        """Read a file's head. Raises InvalidInput or InvalidData for what does not fit the schema."""

    def split(self, source: Source, position: int, most: int) -> Sequence[Slice]:
        """Return a file's rows in about `most` stretches of equal length."""

    def read(
        self, source: Source, rows: Slice, start: int, number: int, schema: Schema
    ) -> Iterator[Read]:
        """Yield the rows of a slice from `start` on, which is line or place `number`."""


class Staging(Protocol):
    """A hidden folder beside an output: what is scored, chunk by chunk, until all of it is published.

    A chunk is there whole or not at all, and never written again.
    """

    def plan(self) -> Plan | None:
        """Return the plan, if one was kept."""

    def keep_plan(self, plan: Plan) -> None:
        """Keep the plan."""

    def chunks(self, part: int) -> Iterator[Mapping[str, Any]]:
        """Yield what `keep` was told of each chunk of a part, in order."""

    def keep(
        self,
        part: int,
        position: int,
        answer: pa.RecordBatch | None,
        rejects: str,
        facts: Mapping[str, Any],
    ) -> None:
        """Keep a chunk: the answer, lines of the rejects file, and facts."""

    def answers(self, parts: int) -> Iterator[pa.RecordBatch]:
        """Yield all answers in order."""

    def rejects(self, parts: int) -> Iterator[str]:
        """Yield all lines of rejected rows in order."""

    def remove(self) -> None:
        """Forget everything."""

    def here(self) -> Path | None:
        """Return the folder, if it is on this machine."""

    def path_of(self, name: str) -> str:
        """Return the path or URL of a file of this name in the folder, which is made."""


class Query(Protocol):
    """The rows of a query on the service's own database."""

    def keep(
        self, declaration: ServiceDeclaration, task: Task, schema: Schema, staging: Staging
    ) -> Source:
        """Read the query once, into the staging folder: its rows stay the same from there on.

        Raises InvalidData for a query that is wrong or writes, Unavailable for a database that is away.
        """


class Output(Protocol):
    """Where a job's answers end up."""

    def check(self, schema: Schema) -> None:
        """Raise Conflict for an output that exists, InvalidInput for one that cannot be written."""

    def publish(self, staging: Staging, parts: int) -> Mapping[str, Any]:
        """Make all answers appear at once; may be called again. Returns facts for the result."""
