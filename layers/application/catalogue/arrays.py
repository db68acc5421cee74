"""What a model of the catalogue is on disk: named arrays, and facts in JSON beside them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import InvalidData

Arrays = Mapping[str, NDArray[Any]]

ARRAYS, FACTS = "arrays.npz", "facts.json"


def save_arrays(folder: Path, arrays: Arrays, facts: Mapping[str, Any]) -> None:
    """Write both into the existing, empty `folder`; texts are arrays of kind U, never objects."""
    with (folder / ARRAYS).open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    (folder / FACTS).write_bytes(msgspec.json.encode(facts, order="deterministic"))


def load_arrays(folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read both back. Raises InvalidData if they are damaged."""
    try:
        with np.load(folder / ARRAYS, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = msgspec.json.decode((folder / FACTS).read_bytes(), type=dict[str, Any])
    except (
        OSError,
        ValueError,
        KeyError,
        EOFError,
        zipfile.BadZipFile,
        msgspec.MsgspecError,
    ) as error:
        raise InvalidData("The model's files are damaged.") from error
    return arrays, facts


def learnt_of(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Return what an algorithm itself has learnt: names with a dot belong to how fields become numbers."""
    return {name: array for name, array in arrays.items() if "." not in name}
