"""Looking through the compressions that joblib writes and reads, a chunk at a time."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from typing import IO

from minerva.layers.abstraction.trust.opcodes import Stream

_CHUNK = 64 * 1024
_ZLIB_CHECK = 31
"""RFC 1950: the first two bytes of a zlib stream are a multiple of it."""
OPAQUE = {b"ZF0x": "an old joblib file", b"\x04\x22\x4d\x18": "compressed with LZ4"}
"""First bytes of what joblib reads and the standard library does not."""


def decompressed(file: IO[bytes], start: bytes) -> Stream | None:
    """Return what a file that begins with `start` holds inside; None if it is not compressed."""
    opened: dict[bytes, Callable[[IO[bytes]], Stream]] = {
        b"\x1f\x8b": lambda raw: gzip.GzipFile(fileobj=raw),
        b"BZh": bz2.BZ2File,
        b"\xfd7zXZ": lzma.LZMAFile,
        b"\x5d\x00": lzma.LZMAFile,
        b"\x78": _Zlib,
    }
    for first, opening in opened.items():
        if start.startswith(first) and (first != b"\x78" or _is_zlib(start)):
            return _Forgiving(opening(file))
    return None


def _is_zlib(start: bytes) -> bool:
    return int.from_bytes(start[:2], "big") % _ZLIB_CHECK == 0


class _Forgiving:
    """Ends where the compressed data is damaged: whoever reads it gets no further either."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """See Stream."""
        try:
            return self._stream.read(size)
        except (OSError, EOFError, zlib.error, lzma.LZMAError):
            return b""


class _Zlib:
    """Zlib streams one after the other, as joblib reads them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._inflating = zlib.decompressobj()
        self._waiting = b""

    def read(self, size: int, /) -> bytes:
        """See Stream."""
        while True:
            if self._inflating.eof:
                self._waiting = self._inflating.unused_data
                self._inflating = zlib.decompressobj()
            data = self._waiting or self._file.read(_CHUNK)
            if not data:
                return b""
            found = self._inflating.decompress(data, size)
            self._waiting = self._inflating.unconsumed_tail
            if found:
                return found
