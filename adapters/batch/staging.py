"""The staging folder: `.NAME.JOBID` beside the output, so that what appears there need only be renamed.

Each chunk is one Arrow file, `<part>/<chunk>.arrow`, whose metadata says what was read for it; lines of
the rejects file stand beside it, written first. What was not finished has another name and counts for
nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from minerva.adapters.batch.storage import filesystem_of, is_local, reading, writing
from minerva.layers.abstraction.batch.ports import Plan

if TYPE_CHECKING:
    import pyarrow as pa

FACTS = b"minerva.batch"
PLAN = "plan.json"


@dataclass(frozen=True)
class StagingFolder:
    """Satisfies `ports.Staging`."""

    folder: str
    """A path, or a URL."""

    @classmethod
    def beside(cls, output: str, job_id: str) -> StagingFolder:
        """Return the folder of an output."""
        head, _, name = output.rpartition("/")
        return cls(f"{head}/.{name}.{job_id}")

    def plan(self) -> Plan | None:
        """Return the plan, if one was kept."""
        text = self._read(PLAN)
        return None if text is None else msgspec.json.decode(text, type=Plan)

    def keep_plan(self, plan: Plan) -> None:
        """Keep the plan."""
        self._write(PLAN, msgspec.json.encode(plan))

    def chunks(self, part: int) -> Iterator[Mapping[str, Any]]:
        """Yield what `keep` was told of each chunk of a part, in order."""
        for name in self._chunk_names(part):
            with self._opened(name) as reader:
                yield msgspec.json.decode(reader.schema.metadata[FACTS])

    def keep(
        self,
        part: int,
        position: int,
        answer: pa.RecordBatch | None,
        rejects: str,
        facts: Mapping[str, Any],
    ) -> None:
        """Keep a chunk; the rename is what makes it one."""
        import pyarrow as pa

        name = _chunk_name(part, position)
        if rejects:
            self._write(f"{name}.rejects", rejects.encode())
        schema = pa.schema([]) if answer is None else answer.schema
        schema = schema.with_metadata({FACTS: msgspec.json.encode(facts)})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, schema) as writer:
            if answer is not None:
                writer.write_batch(answer.replace_schema_metadata(schema.metadata))
        self._write(f"{name}.arrow", memoryview(sink.getvalue()))

    def answers(self, parts: int) -> Iterator[pa.RecordBatch]:
        """Yield all answers in order."""
        for part in range(parts):
            for name in self._chunk_names(part):
                with self._opened(name) as reader:
                    for position in range(reader.num_record_batches):
                        yield reader.get_batch(position).replace_schema_metadata(None)

    def rejects(self, parts: int) -> Iterator[str]:
        """Yield all lines of rejected rows in order."""
        for part in range(parts):
            for name in self._chunk_names(part):
                text = self._read(name.removesuffix(".arrow") + ".rejects")
                if text is not None:
                    yield text.decode()

    def remove(self) -> None:
        """Forget everything."""
        filesystem, path = filesystem_of(self.folder)
        with suppress(FileNotFoundError):
            filesystem.rm(path, recursive=True)

    def here(self) -> Path | None:
        """Return the folder, if it is on this machine."""
        return Path(self.folder) if is_local(self.folder) else None

    def path_of(self, name: str) -> str:
        """Return where a file of this name stands; its folder is made."""
        filesystem, path = filesystem_of(self.folder)
        with writing(self.folder):
            filesystem.makedirs(path, exist_ok=True)
        return f"{self.folder}/{name}"

    def _chunk_names(self, part: int) -> list[str]:
        """Return the chunks up to the first that is not there."""
        filesystem, path = filesystem_of(f"{self.folder}/{part:05}")
        with reading(self.folder):
            filesystem.invalidate_cache()
            there = (
                {PurePosixPath(name).name for name in filesystem.ls(path, detail=False)}
                if filesystem.isdir(path)
                else set()
            )
        names: list[str] = []
        while f"{len(names):08}.arrow" in there:
            names.append(f"{_chunk_name(part, len(names))}.arrow")
        return names

    def _opened(self, name: str) -> Any:
        import pyarrow as pa

        if is_local(self.folder):
            return pa.ipc.open_file(pa.memory_map(f"{self.folder}/{name}"))
        return pa.ipc.open_file(pa.py_buffer(self._read(name)))

    def _read(self, name: str) -> bytes | None:
        filesystem, path = filesystem_of(f"{self.folder}/{name}")
        with reading(self.folder):
            try:
                content: bytes = filesystem.cat_file(path)
            except FileNotFoundError:
                return None
            return content

    def _write(self, name: str, content: bytes | memoryview) -> None:
        """Write a file that is there whole or not at all: locally by a rename, else by one put."""
        filesystem, path = filesystem_of(f"{self.folder}/{name}")
        with writing(self.folder):
            filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
            if not is_local(self.folder):
                filesystem.pipe_file(path, bytes(content))
                return
            with open(f"{path}.unfinished", "wb") as file:  # noqa: PTH123 - paths are texts here, as in URLs
                file.write(content)
            os.replace(f"{path}.unfinished", path)  # noqa: PTH105 - as above


def _chunk_name(part: int, position: int) -> str:
    return f"{part:05}/{position:08}"
