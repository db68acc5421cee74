"""An output file that appears at once and whole, with its rejects file beside it.

Locally it is written into the staging folder and renamed. Elsewhere it is put in one go, and
`NAME.complete` beside it, written last, says that it is whole.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from minerva.adapters.batch.storage import filesystem_of, is_local, reading, writing
from minerva.errors import Conflict, Fault, InvalidInput
from minerva.layers.abstraction.batch.ports import Staging
from minerva.layers.abstraction.batch.rejects import HEADER
from minerva.layers.abstraction.formats.layout import Format
from minerva.schema import Schema

MARKER = ".complete"


@dataclass(frozen=True)
class FileOutput:
    """Satisfies `ports.Output`."""

    place: str
    form: Format
    overwrite: bool

    @property
    def rejects(self) -> str:
        """Where rejected rows are told: `scores.rejects.csv` beside `scores.parquet`."""
        head, slash, name = self.place.rpartition("/")
        return f"{head}{slash}{PurePosixPath(name).stem}.rejects.csv"

    def check(self, schema: Schema) -> None:
        """Refuse what exists, unless it may be overwritten, and a place that is none."""
        del schema
        for place in (self.place, self.rejects):
            filesystem, path = filesystem_of(place)
            with reading(place):
                exists, folder = filesystem.exists(path), filesystem.isdir(path)
            if folder:
                fault = Fault("/output", "is a folder; name a file")
                raise InvalidInput(f"{place} cannot be written.", faults=[fault])
            if exists and not self.overwrite:
                raise Conflict(
                    f"The output {place} exists: name another one, or say `overwrite: true`."
                )
        if is_local(self.place):
            _refuse_closed(Path(self.place).parent)

    def publish(self, staging: Staging, parts: int) -> Mapping[str, Any]:
        """Write the rejects file, then the answers; each appears whole."""
        lines = staging.rejects(parts)
        first = next(lines, None)
        if first is not None:
            texts = chain([HEADER, first], lines)
            self._appear(staging, self.rejects, lambda file: _write_texts(texts, file))
        elif self.overwrite:
            _vanish(self.rejects)
        self._appear(staging, self.place, lambda file: self._write(staging, parts, file))
        return {"output": self.place, "rejects_file": None if first is None else self.rejects}

    def _write(self, staging: Staging, parts: int, file: BinaryIO) -> None:
        import pyarrow as pa

        from minerva.adapters.batch.formats import writer
        from minerva.layers.abstraction.batch.encoding import in_one_schema

        answers = in_one_schema(lambda: staging.answers(parts))
        first = next(answers, None)
        if first is None:
            first = pa.RecordBatch.from_pydict({})
        with writer(self.form, file, first.schema) as opened:
            for answer in chain([first], answers):
                opened.write(answer)

    def _appear(self, staging: Staging, place: str, write: Callable[[BinaryIO], object]) -> None:
        """Write a file that appears at its place when it is whole; not again if an attempt did so."""
        if not is_local(place):
            _put(place, write)
            return
        written = Path(staging.path_of(f"{PurePosixPath(place).name}.unpublished"))
        with writing(place):
            if written.exists() and Path(place).exists() and written.samefile(place):
                return
            written.unlink(missing_ok=True)
            with written.open("wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            if self.overwrite:
                written.replace(place)
            else:
                _link(written, Path(place))


def _link(written: Path, place: Path) -> None:
    """Give a file its name unless that is taken; the old name stays, as a sign of who gave it."""
    try:
        place.hardlink_to(written)
    except FileExistsError:
        raise Conflict(
            f"The output {place} has appeared meanwhile: name another one, or say `overwrite: true`."
        ) from None
    except OSError:  # a file system without hard links
        written.replace(place)


def _write_texts(texts: Iterable[str], file: BinaryIO) -> None:
    file.writelines(text.encode() for text in texts)


def _put(place: str, write: Callable[[BinaryIO], object]) -> None:
    """Write a file elsewhere in one go, and the marker behind it."""
    with tempfile.TemporaryFile() as file:
        write(file)
        size = file.tell()
        file.seek(0)
        filesystem, path = filesystem_of(place)
        with writing(place):
            if filesystem.exists(path + MARKER):
                filesystem.rm(path + MARKER)
            with filesystem.open(path, "wb") as target:
                shutil.copyfileobj(file, target, 8 * 1024 * 1024)
            filesystem.pipe_file(path + MARKER, json.dumps({"bytes": size}).encode())


def _vanish(place: str) -> None:
    filesystem, path = filesystem_of(place)
    if filesystem.exists(path):
        filesystem.rm(path)


def _refuse_closed(folder: Path) -> None:
    """Raise InvalidInput for a folder that is not there or must not be written to."""
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}: make it first.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidInput(f"The folder {folder} must not be written to.")
