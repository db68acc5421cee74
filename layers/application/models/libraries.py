"""Importing the library that reads a model file, only when one is read."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import RLock
from typing import Any

from minerva import InvalidConfiguration

_IMPORTING = RLock()
"""Held while a library is imported for the first time, so that nobody sees one that is hidden."""
_ABSENT: Any = None
"""What makes Python say that there is no such module."""


def library(name: str, extra: str, distribution: str = "") -> Any:
    """Import a module that may be missing. Raises InvalidConfiguration that says how to get it."""
    with _IMPORTING:
        try:
            return import_module(name)
        except ImportError as error:
            raise InvalidConfiguration(
                f"{distribution or name} is not installed here: add it with "
                f'`pip install "minerva-sidecar[{extra}]"`, or name it in the service\'s '
                "`requirements`."
            ) from error


def onnx_library() -> Any:
    """Import ONNX Runtime without its telemetry.

    Since 1.29 its Linux wheels report sessions to their maker and keep files in the home folder, unless
    this variable is set before the import; what an operator has set stays.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return library("onnxruntime", "onnx", "ONNX Runtime")


def xgboost_library() -> Any:
    """Import XGBoost without scikit-learn, which it would import for wrappers that nobody uses here.

    That import costs a web worker about 50 MB and a second.
    """
    with _IMPORTING, _hidden("xgboost", "sklearn"):
        return import_module("xgboost")


@contextmanager
def _hidden(wanted: str, unwanted: str) -> Iterator[None]:
    """Let `import unwanted` fail while `wanted` is imported; not where either is loaded already."""
    if wanted in sys.modules or unwanted in sys.modules:
        yield
        return
    sys.modules[unwanted] = _ABSENT
    try:
        yield
    finally:
        sys.modules.pop(unwanted, None)
