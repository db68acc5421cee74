"""What of a batch can be known to fail before it is queued."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from minerva.errors import Conflict, Fault, InvalidInput
from minerva.layers.abstraction.batch.ports import Inputs, Output, Source
from minerva.layers.abstraction.batch.statement import refuse_writing
from minerva.layers.abstraction.batch.task import Call, Task, form_of
from minerva.layers.abstraction.formats.layout import Format
from minerva.layers.abstraction.jobs.places import Places
from minerva.layers.abstraction.registry.records import ALIASES, CHAMPION, Configuration, Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.environment import expand
from minerva.layers.abstraction.services.parsing import parse
from minerva.schema import Schema

LOOKED_AT = 20
"""So many files of a folder are looked into before a job is queued; the job looks into all."""
OpenOutput = Callable[[ServiceDeclaration, Task], Output]


@dataclass(frozen=True)
class Checking:
    """Turns a call into a task, or says what is wrong with it."""

    registry: Registry
    places: Places
    inputs: Inputs
    open_output: OpenOutput
    workspace: Path
    environment: Mapping[str, str]

    def task(self, configuration: Configuration, call: Call) -> Task:
        """Raise InvalidInput, NotFound, Conflict or NotPermitted for what can be known to fail."""
        declaration = parse(configuration.declaration)
        version = self._version(configuration, call)
        schema = Schema.parse(version.manifest["schema"])
        task = self._task(declaration, call, version.number)
        if task.form is not None:
            self._look(declaration, task, schema)
        self.open_output(declaration, task).check(schema)
        return task

    def sources(self, declaration: ServiceDeclaration, task: Task, schema: Schema) -> list[Source]:
        """Return all files of an input with what their heads tell. Raises as `task`."""
        if task.form is None:
            return []
        place, asked = self._place(declaration, task)
        files = self.inputs.find(place, task.form)
        return [self.inputs.look(file, task.form, asked, schema) for file in files]

    def _look(self, declaration: ServiceDeclaration, task: Task, schema: Schema) -> None:
        place, asked = self._place(declaration, task)
        if task.form is None or place == task.output:
            fault = Fault("/output", "is the input too")
            raise InvalidInput("A batch does not replace what it reads.", faults=[fault])
        for file in self.inputs.find(place, task.form)[:LOOKED_AT]:
            self.inputs.look(file, task.form, asked, schema)

    def _place(self, declaration: ServiceDeclaration, task: Task) -> tuple[str, Task]:
        """Return where the input is, and the task with what is declared about its CSV."""
        if task.input is not None:
            return task.input, task
        data = declaration.data
        if data is None or data.path is None:
            raise InvalidInput("The service declares no file under `data`: name the input.")
        data = expand(data, self.environment)
        import msgspec

        declared = msgspec.structs.replace(
            task,
            delimiter=task.delimiter or data.delimiter,
            encoding=task.encoding or data.encoding,
            decimal=task.decimal or data.decimal,
        )
        path = str(data.path)
        return path if "://" in path else str(self.workspace / path), declared

    def _task(self, declaration: ServiceDeclaration, call: Call, version: int) -> Task:
        ceiling = declaration.batch.max_rejects if call.max_rejects is None else call.max_rejects
        output = None if call.output is None else self.places.resolve(call.output)
        form = None if output is None else form_of(output, call.output_format, "output")
        place = None if call.input is None else self.places.resolve(call.input)
        return Task(
            version=version,
            input=place,
            form=self._form(declaration, call, place),
            query=call.query,
            delimiter=call.delimiter,
            encoding=call.encoding,
            decimal=call.decimal,
            output=output,
            table=call.table,
            output_form=form,
            overwrite=call.overwrite,
            max_rejects=ceiling,
            parts=call.parts,
        )

    def _form(
        self, declaration: ServiceDeclaration, call: Call, place: str | None
    ) -> Format | None:
        """Return the input's format; None: the rows of a query, which only reads."""
        if place is not None:
            folder = Path(place).is_dir() and call.input_format is None
            if folder:
                fault = Fault(
                    "/input_format", "is missing: say which files of the folder are meant"
                )
                raise InvalidInput("The input is a folder.", faults=[fault])
            return form_of(place, call.input_format, "input")
        data = declaration.data
        if data is None or (call.query is not None and data.source != "sql"):
            fault = Fault(
                "/input", "is missing, and the service declares no such source under `data`"
            )
            raise InvalidInput("It is not said what to score.", faults=[fault])
        if data.source == "sql":
            if call.query is not None:
                refuse_writing(call.query)
            return None
        return data.source

    def _version(self, configuration: Configuration, call: Call) -> Version:
        tenant, service = configuration.tenant, configuration.service
        number = call.version
        if number is None:
            alias = call.alias or CHAMPION
            if alias not in ALIASES:
                fault = Fault("/alias", f"not an alias; there is {', '.join(ALIASES)}")
                raise InvalidInput(f"There is no alias {alias!r}.", faults=[fault])
            number = self.registry.aliases(tenant, service).get(alias)
            if number is None:
                raise Conflict(
                    f"Service {service!r} has no {alias} yet: train it, or say `version`."
                )
        version = self.registry.version(tenant, service, number)
        if version.pruned_at is not None:
            raise Conflict(f"Version {number} of {service!r} was pruned: its artefact is given up.")
        return version
