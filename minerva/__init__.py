"""Minerva: machine learning beside a SaaS product that nobody wants to rewrite.

What a plugin author needs is importable from here; no framework is loaded by it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minerva.algorithm import (
        Algorithm,
        Context,
        Explains,
        Imports,
        Inspected,
        Model,
        Parameters,
        Predictions,
        TrainingContext,
        TrainingData,
    )
    from minerva.errors import (
        AlgorithmFailed,
        InvalidConfiguration,
        InvalidData,
        InvalidInput,
        MinervaError,
        Unavailable,
    )
    from minerva.hookspecs import hookimpl
    from minerva.job_kind import JobContext, JobKind
    from minerva.schema import Batch, Field, FieldType, Schema
    from minerva.step import Items, Learns, Spread, Step, StepContext

__version__ = "0.1.0"

__all__ = [
    "Algorithm",
    "AlgorithmFailed",
    "Batch",
    "Context",
    "Explains",
    "Field",
    "FieldType",
    "Imports",
    "Inspected",
    "InvalidConfiguration",
    "InvalidData",
    "InvalidInput",
    "Items",
    "JobContext",
    "JobKind",
    "Learns",
    "MinervaError",
    "Model",
    "Parameters",
    "Predictions",
    "Schema",
    "Spread",
    "Step",
    "StepContext",
    "TrainingContext",
    "TrainingData",
    "Unavailable",
    "hookimpl",
]

_HOMES = {
    "minerva.algorithm": {
        "Algorithm", "Context", "Explains", "Imports", "Inspected", "Model", "Parameters",
        "Predictions", "TrainingContext", "TrainingData",
    },
    "minerva.errors": {
        "AlgorithmFailed", "InvalidConfiguration", "InvalidData", "InvalidInput", "MinervaError",
        "Unavailable",
    },
    "minerva.hookspecs": {"hookimpl"},
    "minerva.job_kind": {"JobContext", "JobKind"},
    "minerva.schema": {"Batch", "Field", "FieldType", "Schema"},
    "minerva.step": {"Items", "Learns", "Spread", "Step", "StepContext"},
}  # fmt: skip
"""Where each name lives. Loaded when first asked for: the command line must not wait for numpy."""


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(home), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
