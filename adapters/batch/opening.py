"""From a task to where its answers go, and to its staging folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minerva.adapters.batch.file_output import FileOutput
from minerva.adapters.batch.staging import StagingFolder
from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.batch.task import Task
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.environment import expand_text

if TYPE_CHECKING:
    from minerva.adapters.batch.table_output import TableOutput


@dataclass(frozen=True)
class BatchPlaces:
    """Opens outputs and staging folders of one workspace."""

    workspace: Path
    state: Path
    """Where staging folders of tables are."""
    environment: Mapping[str, str]
    timeout_s: float

    def output(self, declaration: ServiceDeclaration, task: Task) -> FileOutput | TableOutput:
        """Return the output. Raises InvalidInput for a table of a service that declares no database."""
        if task.output is not None and task.output_form is not None:
            return FileOutput(task.output, task.output_form, task.overwrite)
        if declaration.batch.url is None:
            fault = Fault("/table", "the service file names no database: `batch: {url: …}`")
            raise InvalidInput("The service may not write a table.", faults=[fault])
        from minerva.adapters.batch.table_output import TableOutput

        url = expand_text(declaration.batch.url, self.environment, "batch")
        rejects = self.state / "rejects" / f"{declaration.service}-{task.table}.csv"
        return TableOutput(url, str(task.table), self.workspace, rejects, self.timeout_s)

    def staging(self, task: Task, job_id: str) -> StagingFolder:
        """Return the staging folder of a job."""
        beside = task.output or str(self.state / str(task.table))
        return StagingFolder.beside(beside, job_id)
