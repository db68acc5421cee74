"""`collect: files`: the files of a folder, on this machine or wherever fsspec reaches, into the volume."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from minerva import Field, FieldType, Items, Parameters, Spread, Step, StepContext
from minerva.adapters.steps.gathering import Gathering, texts
from minerva.errors import InvalidInput, MinervaError, Unavailable
from minerva.step import Fields

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Suffix = Annotated[str, msgspec.Meta(pattern=r"^\.[A-Za-z0-9]{1,15}$(?!\n)")]


class FilesParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `files`."""

    below: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            description="Folder in the workspace, or fsspec URL, that holds all there is to ask for",
        ),
    ]
    suffixes: Annotated[
        tuple[Suffix, ...],
        msgspec.Meta(description="How files end that are taken; empty: all but hidden ones"),
    ] = ()
    most: Annotated[int, msgspec.Meta(ge=1, le=100_000, description="Most files of a record")] = (
        1_000
    )
    max_bytes: Annotated[int, msgspec.Meta(ge=1, description="Most bytes of one file")] = (
        32 * 1024 * 1024
    )


class Files(Step):
    """A row for each file in the folder that a record names, in order of their names."""

    name = "files"
    role = "collect"
    shape = "spread"
    Parameters = FilesParameters
    inputs = {"path": ("text", "category")}  # noqa: RUF012 - read only, as the contract says
    outside = True
    label = "name"

    def outputs(self, inputs: Fields, parameters: Any) -> Fields:
        """Return the file in the volume, its own name and its size."""
        del inputs, parameters
        return {
            "file": Field(type=FieldType.TEXT),
            "name": Field(type=FieldType.TEXT),
            "bytes": Field(type=FieldType.INTEGER, unit="byte", minimum=0),
        }

    def run(self, items: Items, context: StepContext) -> Spread:
        """Copy the files into the volume; what a record names outside `below` fails by itself."""
        wanted: FilesParameters = context.parameters
        filesystem, root = _opened(wanted.below, context.workspace)
        gathered = Gathering(("file", "name", "bytes"))
        for row, named in enumerate(texts(items, "path")):
            try:
                for place in _listed(filesystem, _below(root, named), wanted):
                    content = _content(filesystem, place, wanted.max_bytes)
                    last = PurePosixPath(place).name
                    gathered.add(row, (context.volume.write(last, content), last, len(content)))
            except InvalidInput as error:
                context.fail(row, error)
        return Spread(gathered.columns(context.fields), gathered.of())


def _opened(below: str, workspace: Path) -> tuple[AbstractFileSystem, str]:
    from fsspec.core import url_to_fs

    with _translated():
        place = below if "://" in below else str((workspace / below).resolve())
        filesystem, root = url_to_fs(place)
        return filesystem, str(root).rstrip("/")


def _below(root: str, named: str | None) -> str:
    """Return the place that a record names. Raises InvalidInput if it is not below the root."""
    parts = PurePosixPath(named or "").parts
    if not parts or named is None or named.startswith("/") or ".." in parts or "\0" in named:
        raise InvalidInput("The folder that is named is none below the place that the flow allows.")
    return "/".join([root, *parts])


def _listed(filesystem: AbstractFileSystem, place: str, wanted: FilesParameters) -> list[str]:
    with _translated():
        if filesystem.isfile(place):
            return [place]
        found = sorted(
            str(one["name"])
            for one in filesystem.ls(place, detail=True)
            if one["type"] == "file" and _wanted(str(one["name"]), wanted)
        )
    if len(found) > wanted.most:
        raise InvalidInput(f"The folder holds {len(found)} files; {wanted.most} are the most.")
    return found


def _wanted(name: str, wanted: FilesParameters) -> bool:
    path = PurePosixPath(name)
    if path.name.startswith("."):
        return False
    return not wanted.suffixes or path.suffix.lower() in {one.lower() for one in wanted.suffixes}


def _content(filesystem: AbstractFileSystem, place: str, most: int) -> bytes:
    with _translated(), filesystem.open(place, "rb") as file:
        content: bytes = file.read(most + 1)
    if len(content) > most:
        raise InvalidInput(f"A file has more than {most} bytes.")
    return content


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a file system raises into our errors; its text may hold a credential."""
    try:
        yield
    except MinervaError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InvalidInput("There is no such folder.") from error
    except Exception as error:
        kind = getattr(error, "strerror", None) or type(error).__name__
        raise Unavailable(f"The files could not be read ({kind}).") from error
