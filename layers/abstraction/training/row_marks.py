"""A number for each row, made of its values alone: the same wherever and in whatever order rows are read.

From it come the split of rows that no process holds together, and the fingerprint of all of them. Numbers
are mixed as in SplitMix64 (Steele, Lea and Flood, 2014); they are no protection against an attacker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Marks = NDArray[np.uint64]
LANES = 4
"""Sums of so many different numbers of a row, 64 bits each, tell one set of rows from another."""
RANGE = 2**64
_GAMMA, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_ONE_NAN = np.array(np.nan).view(np.uint64)


def row_marks(columns: Iterable[NDArray[Any]], rows: int) -> Marks:
    """Return one mark per row over the columns, each of shape (rows,); their order matters."""
    marks = np.zeros(rows, dtype=np.uint64)
    for column in columns:
        marks = _mixed(marks * np.uint64(_FIRST) + _bits(column))
    return marks


def drawn(marks: Marks, seed: int, purpose: int) -> Marks:
    """Return each row's draw, uniform in 0..2^64-1; another one for each seed and purpose."""
    salt = int(_mixed(np.array([(seed * _SECOND + purpose * _FIRST + 1) % RANGE], np.uint64))[0])
    return _mixed(marks ^ np.uint64(salt))


def chances(draws: Marks) -> NDArray[np.float64]:
    """Return draws as numbers from 0 to below 1."""
    return (draws >> np.uint64(11)).astype(np.float64) * 2.0**-53


def sums(marks: Marks) -> tuple[int, ...]:
    """Return what a set of rows adds to a fingerprint; add them up lane by lane, modulo 2^64."""
    return tuple(int(drawn(marks, lane, LANES).sum(dtype=np.uint64)) for lane in range(LANES))


def fingerprint(schema: bytes, rows: int, lanes: Iterable[int]) -> str:
    """Return the SHA-256 (hex) over a schema's text, the number of rows and their added sums."""
    text = ",".join(str(lane % RANGE) for lane in (rows, *lanes))
    return hashlib.sha256(schema + text.encode()).hexdigest()


def _bits(column: NDArray[Any]) -> Marks:
    if column.dtype == object:
        return np.array([_text_bits(value) for value in column.tolist()], dtype=np.uint64)
    if column.dtype.kind != "f":
        return column.astype(np.int64).view(np.uint64)
    numbers = column.astype(np.float64) + 0.0  # which makes -0.0 the same as 0.0
    bits: Marks = numbers.view(np.uint64)
    return np.where(np.isnan(numbers), _ONE_NAN, bits)


def _text_bits(value: str | None) -> int:
    if value is None:
        return 1
    return int.from_bytes(hashlib.blake2b(value.encode(), digest_size=8).digest(), "big")


def _mixed(marks: Marks) -> Marks:
    mixed = marks + np.uint64(_GAMMA)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(_FIRST)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(_SECOND)
    return mixed ^ (mixed >> np.uint64(31))
