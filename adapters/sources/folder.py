"""DataSource on one file, or on a folder of files of one format, read one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from minerva.adapters.sources.files import no_lookup, unreadable
from minerva.errors import InvalidData
from minerva.layers.abstraction.formats.layout import suffixes_of

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from minerva.layers.abstraction.training.source import DataSource


class FileSource:
    """Looks at each reading whether a file or a folder is there."""

    def __init__(self, path: Path, format_: str, open_file: Callable[[Path], DataSource]) -> None:
        self._path = path
        self._format = format_
        self._open_file = open_file

    def frames(self, chunk_rows: int) -> Iterator[pd.DataFrame]:
        """Yield the rows of all files, in order of the files' names."""
        for path in files_of(self._path, self._format):
            yield from self._open_file(path).frames(chunk_rows)

    def lookup(self, keys: Sequence[Any]) -> list[dict[str, Any] | None]:  # noqa: ARG002 - the port's name for it
        """Refuse: a file is not searched."""
        raise no_lookup(self._format)

    def close(self) -> None:
        """Do nothing: a file is open only while it is read."""


def files_of(path: Path, format_: str) -> list[Path]:
    """Return the file, or the data files that stand in the folder; hidden ones and `_SUCCESS` are none.

    Raises InvalidData if there are none, or if one is a link that leads out of the folder.
    """
    if not path.is_dir():
        return [path]
    suffixes = suffixes_of(format_)
    try:
        found = sorted(one for one in path.iterdir() if _is_data(one, suffixes))
    except OSError as error:
        raise unreadable(path, error) from error
    if not found:
        raise InvalidData(
            f"The folder {path} holds no {format_} data: files there must end in "
            f"{' or '.join(suffixes)}."
        )
    outside = next((one for one in found if not one.resolve().is_relative_to(path.resolve())), None)
    if outside is not None:
        raise InvalidData(f"Data file {outside} is a link out of its folder: put a copy there.")
    return found


def _is_data(path: Path, suffixes: tuple[str, ...]) -> bool:
    return path.suffix.lower() in suffixes and path.name[0] not in "._" and path.is_file()
