"""Finding what runs code when it is read: pickles, by what a file holds, not by its name.

Looks into joblib's compressions, zip archives (npz, PyTorch) and arrays of Python objects. Nothing is
unpickled, and no more is held in memory than a buffer.
"""

from __future__ import annotations

import ast
import lzma
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from minerva.errors import InvalidData
from minerva.layers.abstraction.trust.compressed import OPAQUE, decompressed
from minerva.layers.abstraction.trust.opcodes import Walk, walk

MOST_MEMBERS = 100_000
DEEPEST = 3
"""Archives within archives; a PyTorch ExportedProgram has two."""
LARGEST_INNER = 512 * 1024 * 1024
_IN_MEMORY = 8 * 1024 * 1024
_CHUNK = 1024 * 1024
_START = 16
_ZIP = b"PK\x03\x04"
_ARRAY = b"\x93NUMPY"
_LARGEST_HEADER = 64 * 1024

_BROKEN = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, zlib.error,
    lzma.LZMAError,
)  # fmt: skip
"""What the standard library says of an archive that is damaged, encrypted or of an unknown kind."""
_NO_ARRAY = (ValueError, TypeError, SyntaxError, KeyError, MemoryError, RecursionError)
"""What literals and numpy say of a header that is none."""

Opening = Callable[[], IO[bytes]]

_HARMLESS = re.compile(
    r"collections OrderedDict"
    r"|torch\._utils _rebuild_(tensor|tensor_v2|tensor_v3|parameter|parameter_with_state|qtensor"
    r"|sparse_tensor|sparse_csr_tensor|nested_tensor|meta_tensor_no_storage"
    r"|device_tensor_from_numpy|device_tensor_from_cpu_tensor)"
    r"|torch (\w+Storage|Size|device|dtype|u?int\d+|float\d+\w*|bfloat16|complex\d+|bool|q\w+)"
    r"|torch\.storage (UntypedStorage|TypedStorage)"
    r"|torch\.jit\._pickle \w+"
    r"|__torch__(\.\w+)* \w+"
)
"""What the pickles inside a PyTorch archive of tensors or of TorchScript name. Never all of
`torch._utils`: `_import_dotted_name` is there, which imports anything."""


class _Found(Exception):
    """What is wrong with a file, as the end of a sentence."""


def refuse_pickles(folder: Path) -> None:
    """Raise InvalidData naming the first file below `folder` that holds a pickle or hides whether it does.

    A pickle inside a zip archive is accepted if it names nothing but tensors and TorchScript's own
    types: such archives are PyTorch's, and its algorithm reads them without Python's unpickler.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            _refuse(path, path.relative_to(folder).as_posix())


def _refuse(path: Path, name: str) -> None:
    try:
        _look(lambda: path.open("rb"), depth=0)
    except _Found as found:
        raise InvalidData(
            f"File {name!r} of the model {found}, and reading a pickle can run any code: save the "
            "model in a format without code (docs/versions.md names them), or say "
            "`allow_pickle: true` in the service's file (`minerva import --allow-pickle`) if you trust "
            "who made it."
        ) from None
    except OSError as error:
        raise InvalidData(
            f"File {name!r} of the model cannot be read: {error.strerror}."
        ) from error


def _look(opening: Opening, depth: int) -> None:
    """Raise _Found for what a file, or a member of `depth` archives, holds; open it for each look."""
    with opening() as file:
        start = file.read(_START)
    for first, what in OPAQUE.items():
        if start.startswith(first):
            raise _Found(f"is {what}, which nobody can look into here")
    if not start.startswith(_ZIP):  # to an unpickler, `P` asks for an object it has no way to get
        with opening() as file:
            _judge(walk(file), inside=depth > 0)
    if start.startswith(_ARRAY):
        with opening() as file:
            _look_at_array(file)
    with opening() as file:
        if inner := decompressed(file, start):
            _judge(walk(inner), inside=False)
    with opening() as file:
        if start.startswith(_ZIP) or (depth == 0 and zipfile.is_zipfile(file)):
            _look_inside(file, depth)


def _judge(found: Walk, *, inside: bool) -> None:
    if not found.is_pickle:
        return
    if not inside or found.exhausted:
        raise _Found("holds a pickle")
    if not all(_HARMLESS.fullmatch(imported) for imported in found.imports):
        raise _Found("holds a pickle inside an archive")


def _look_at_array(file: IO[bytes]) -> None:
    """Read the header as numpy's formats 1 to 3 say; what cannot be read is not let through."""
    from numpy.lib.format import descr_to_dtype

    version = file.read(len(_ARRAY) + 2)[len(_ARRAY) :]
    size = int.from_bytes(file.read(2 if version[:1] == b"\x01" else 4), "little")
    try:
        if size > _LARGEST_HEADER:
            raise ValueError(size)
        header = ast.literal_eval(file.read(size).decode("utf-8"))
        objects = bool(descr_to_dtype(header["descr"]).hasobject)
    except _NO_ARRAY:
        raise _Found("is an array whose header cannot be read") from None
    if objects:
        raise _Found("is an array of Python objects, which is kept as a pickle")


def _look_inside(file: IO[bytes], depth: int) -> None:
    if depth >= DEEPEST:
        raise _Found("is an archive in too many others")
    try:
        with _seekable(file, depth) as whole, zipfile.ZipFile(whole) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise _Found(f"is an archive of more than {MOST_MEMBERS} files")
            for member in members:
                _look(lambda member=member: archive.open(member), depth + 1)  # type: ignore[misc]
    except _BROKEN:
        raise _Found("is an archive that is damaged, encrypted or too large") from None


@contextmanager
def _seekable(file: IO[bytes], depth: int) -> Iterator[IO[bytes]]:
    """An archive within one is copied: seeking in what is compressed reads it again from its start."""
    if depth == 0:
        yield file
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        while chunk := file.read(_CHUNK):
            copy.write(chunk)
            if copy.tell() > LARGEST_INNER:
                raise ValueError(LARGEST_INNER)
        yield copy
