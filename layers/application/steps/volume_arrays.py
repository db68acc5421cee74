"""Arrays that steps hand to each other as files of the flow's volume: every row names the one it needs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.errors import InvalidInput
from minerva.schema.batch import Column
from minerva.step import Volume


def handed_on(array: NDArray[Any], name: str, volume: Volume, rows: int) -> Column:
    """Keep an array in the volume and return a column that names it, objects of shape (rows,)."""
    written = io.BytesIO()
    np.save(written, array, allow_pickle=False)
    return np.full(rows, volume.write(f"{name}.npy", written.getvalue()), dtype=object)


def by_array(names: Column, volume: Volume) -> Iterator[tuple[NDArray[Any], NDArray[np.intp]]]:
    """Give each array that a column names, with the rows that name it, int of shape (m,).

    Raises InvalidInput for a file that holds no array.
    """
    which: dict[str, list[int]] = {}
    for row, name in enumerate(names.tolist()):
        which.setdefault(name, []).append(row)
    for name, rows in which.items():
        try:
            array = np.load(volume.path(name), allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise InvalidInput(f"The file {name} in the volume holds no array.") from error
        yield array, np.array(rows, dtype=np.intp)
