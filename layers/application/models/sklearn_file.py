"""Reading an estimator's file without running what is not trusted."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minerva import InvalidConfiguration, InvalidData
from minerva.layers.application.models.libraries import library
from minerva.layers.application.models.trial import reason
from minerva.layers.application.models.workspace_file import head

PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
COMPRESSED = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
"""As joblib writes it: zlib, gzip, bz2, xz."""
OWN = "sklearn."
HARMLESS = frozenset({"functools.partial", "numpy.dtype"})
"""What estimators of scikit-learn hold; of a partial function, skops lists the inner one on its own."""
NOT_TRUSTED = (
    "sklearn.datasets",
    "sklearn.externals",
    "sklearn.utils._testing",
    "sklearn.conftest",
)
"""Parts of scikit-learn that download, run programs or test; no estimator is made of them."""


@dataclass(frozen=True)
class EstimatorFile:
    """An estimator and what is to be said about its file."""

    estimator: Any
    notes: tuple[str, ...] = ()


def is_skops(path: Path) -> bool:
    """Tell a zip file with a `schema.json` at its top."""
    if not head(path, 4).startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return "schema.json" in archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError):
        return False


def is_pickle(path: Path) -> bool:
    """Tell a pickle, or what joblib makes of one, by its first bytes and its name."""
    start = head(path, 6)
    named = path.suffix in {".pkl", ".pickle", ".joblib", ".p"}
    return start.startswith(PICKLES) or (named and (start.startswith(COMPRESSED) or bool(start)))


def read_estimator(path: Path, trusted: Sequence[str], *, allow_pickle: bool) -> EstimatorFile:
    """Read the file. Raises InvalidData for what is damaged or not trusted."""
    version = library("sklearn", "sklearn", "scikit-learn").__version__
    if is_skops(path):
        return _told(lambda: _skops(path, trusted), path, f"scikit-learn {version}")
    if not is_pickle(path):
        raise InvalidData(
            f"{path.name} is no model that can be read: it is truncated, damaged or of another "
            "format; save it with `skops.io.dump`."
        )
    if not allow_pickle:
        raise InvalidData(
            f"{path.name} is a pickle, which can run any code when it is read: save the model with "
            "`skops.io.dump`, or, if you trust its source, say `allow_pickle: true` in the service "
            "(`minerva import --allow-pickle`)."
        )
    return _told(lambda: _pickle(path), path, f"scikit-learn {version}")


def _told(read: Callable[[], Any], path: Path, reader: str) -> EstimatorFile:
    """Read, and turn scikit-learn's warnings into notes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            estimator = read()
        except (InvalidData, InvalidConfiguration):
            raise
        except Exception as error:
            raise InvalidData(
                f"{reader} cannot read {path.name}: it is truncated, damaged or of another version "
                f"({reason(error).rstrip('.')})."
            ) from error
    stale = any(one.category.__name__ == "InconsistentVersionWarning" for one in caught)
    said = (
        f"It was saved by another version than {reader}: compare its answers with the original's."
    )
    return EstimatorFile(estimator, notes=(said,) if stale else ())


def _skops(path: Path, trusted: Sequence[str]) -> Any:
    skops = library("skops.io", "sklearn", "skops")
    asked = skops.get_untrusted_types(file=path)
    refused = [name for name in asked if not _is_own(name) and name not in trusted]
    if refused:
        raise InvalidConfiguration(
            f"{path.name} holds types that are not scikit-learn's: {', '.join(refused[:10])}; if you "
            "trust them, name them in the parameter `trusted`."
        )
    return skops.load(path, trusted=asked)


def _is_own(name: str) -> bool:
    if name in HARMLESS:
        return True
    return name.startswith(OWN) and not name.startswith(NOT_TRUSTED) and ".tests." not in name


def _pickle(path: Path) -> Any:
    return library("joblib", "sklearn").load(path)
