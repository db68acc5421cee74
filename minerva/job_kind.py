"""The contract of a kind of job that a plugin adds: offline work that is neither training nor scoring.

class Report(JobKind):
    name = "report"

    def run(self, context):
        return {"rows": 7}
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from minerva.algorithm import Parameters, Progress


@dataclass(frozen=True)
class JobContext:
    """What a job of a plugin's kind is given."""

    job_id: str
    tenant: str
    service: str
    parameters: Any
    """An instance of the kind's own `Parameters`."""
    workspace: Path
    folder: Path
    """Its own scratch folder: kept from attempt to attempt, removed when the job has ended."""
    progress: Progress


class JobKind(ABC):
    """One kind of job. `POST /v1/services/{s}/jobs` and `minerva jobs start` name it."""

    name: ClassVar[str]
    """Lower-case letters, digits and dashes."""
    queue: ClassVar[Literal["train", "batch", "quick"]] = "batch"
    """`quick` is for what takes seconds."""
    Parameters: ClassVar[type[Parameters]] = Parameters

    @abstractmethod
    def run(self, context: JobContext) -> Mapping[str, Any]:
        """Do the work and return its result, JSON values. Runs in a process of its own.

        May be called again after a crash at any point, so effects must come out the same: name what is
        written after `job_id`. Raise `Unavailable` for what may pass, which leads to another attempt
        after a pause; anything else ends the job as failed.
        """
