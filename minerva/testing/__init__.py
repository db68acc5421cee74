"""The conformance kit: contracts that ours and third-party plugins and adapters pass alike."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minerva.testing.algorithm.contract import Advice, AlgorithmContract
    from minerva.testing.plugins import algorithms_in, steps_in
    from minerva.testing.step.contract import StepContract

__all__ = ["Advice", "AlgorithmContract", "StepContract", "algorithms_in", "steps_in"]

_HOMES = {
    "Advice": "minerva.testing.algorithm.contract",
    "AlgorithmContract": "minerva.testing.algorithm.contract",
    "StepContract": "minerva.testing.step.contract",
    "algorithms_in": "minerva.testing.plugins",
    "steps_in": "minerva.testing.plugins",
}
"""Loaded when first asked for: `minerva test` checks plugins where pytest is not installed."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
