"""Kinds of jobs that plugins bring."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from minerva.errors import AlgorithmFailed, Fault, InvalidInput, MinervaError
from minerva.job_kind import JobContext, JobKind
from minerva.layers.abstraction.jobs.job import NewJob, Queue
from minerva.layers.abstraction.jobs.kind import Attempt
from minerva.layers.abstraction.registry.records import Configuration


@dataclass(frozen=True)
class PluginKind:
    """Satisfies `Kind` by a plugin's `JobKind`; foreign code always runs in a process of its own."""

    brought: JobKind
    workspace: Path
    apart = True
    backoff = None

    @property
    def name(self) -> str:
        """As the plugin calls it."""
        return self.brought.name

    @property
    def queue(self) -> Queue:
        """As the plugin declares."""
        return Queue(self.brought.queue)

    def check(self, configuration: Configuration, payload: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - the port's name for it
        """Read the parameters. Raises InvalidInput."""
        self._parameters(payload)
        return payload

    def work(self, job: NewJob, attempt: Attempt) -> dict[str, Any]:
        """Let the plugin do it; what it returns is kept as JSON."""
        context = JobContext(
            job_id=job.id,
            tenant=job.tenant,
            service=job.service,
            parameters=self._parameters(job.payload),
            workspace=self.workspace,
            folder=attempt.folder,
            progress=attempt.progress,
        )
        try:
            result = self.brought.run(context)
            return dict(msgspec.to_builtins(result))
        except (MinervaError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            raise AlgorithmFailed(
                f"The job kind {self.name} failed ({type(error).__name__}); the job's log says where."
            ) from error

    def _parameters(self, payload: dict[str, Any]) -> Any:
        try:
            return msgspec.convert(payload, self.brought.Parameters)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `$")
            where = "/parameters" + "".join(f"/{step}" for step in re.findall(r"\w+", path))
            fault = Fault(where, message.replace("`", "'"))
            raise InvalidInput(
                f"The parameters do not fit a job of kind {self.name}.", faults=[fault]
            ) from error
