"""The conformance kit: contracts that ours and third-party plugins and adapters pass alike."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minerva.testing.algorithm.contract import Advice, AlgorithmContract
    from minerva.testing.algorithm.origin import algorithms_in

__all__ = ["Advice", "AlgorithmContract", "algorithms_in"]

_HOMES = {
    "Advice": "minerva.testing.algorithm.contract",
    "AlgorithmContract": "minerva.testing.algorithm.contract",
    "algorithms_in": "minerva.testing.algorithm.origin",
}
"""Loaded when first asked for: `minerva test` checks algorithms where pytest is not installed."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
