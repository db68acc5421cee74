"""Making a service of a trained model: taken in, looked into, tried, declared; or nothing of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import yaml

from minerva.algorithm import (
    Algorithm,
    Context,
    Imports,
    Inspected,
    Model,
    TrainingContext,
    TrainingData,
)
from minerva.errors import (
    AlgorithmFailed,
    Conflict,
    Fault,
    InvalidConfiguration,
    InvalidData,
    Unavailable,
)
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.services.adoption import (
    DEFAULT_OUTPUT,
    Found,
    Wanted,
    outstanding,
    read_output,
    render,
    repoint,
)
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.folder import service_files
from minerva.layers.abstraction.services.intake import Intake, is_archive, taken_in
from minerva.layers.abstraction.services.parsing import parse, parse_file
from minerva.layers.abstraction.trust.pickles import refuse_pickles
from minerva.schema import Decoder, Schema

NOTHING_YET = Schema.parse(
    {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}}
)
"""What an algorithm is told of the schema while nobody knows it."""


class Apart(Protocol):
    """An importing algorithm in a process of its own, which a damaged file may end without harm."""

    def inspect(self, path: Path, context: Context | None) -> Inspected: ...

    def train(self, data: TrainingData, context: TrainingContext) -> Model: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Order:
    """What a person asks for."""

    source: Path
    service: str
    output: str | None = None
    algorithm: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    allow_pickle: bool = False
    force: bool = False


@dataclass(frozen=True)
class Adopted:
    """What became of it."""

    declaration: ServiceDeclaration
    declared_in: Path
    new: bool
    model: Path
    inspected: Inspected
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class Importing:
    """Imports model files into one workspace."""

    workspace: Path
    catalogue: Catalogue
    apart: Callable[[Algorithm, Sequence[str]], Apart]
    """Hosts an algorithm, in an environment with the requirements if there are any."""
    version_of: Callable[[str], str | None]
    """Returns the version of a library that is installed here."""

    def adopt(self, order: Order) -> Adopted:
        """Import a model. Raises the error that says why not; then nothing was changed."""
        there = self._declared(order)
        with taken_in(order.source, self.workspace, order.service) as intake:
            algorithm = self._recognise(intake, order)
            allowed = order.allow_pickle or (there is not None and there[1].allow_pickle)
            if not allowed:
                refuse_pickles(intake.path.parent)
            declared = there[1].requirements if there else ()
            inspected = self._inspect(algorithm, intake, order, declared, allowed=allowed)
            wanted = self._wanted(order, inspected)
            if there is None and wanted.requirements:  # its own libraries tell more of it
                inspected = self._inspect(
                    algorithm, intake, order, wanted.requirements, allowed=allowed
                )
            if there is None:
                text = self._new_text(algorithm, intake, order, wanted, inspected)
                target = self.workspace / "services" / f"{order.service}.yaml"
            else:
                text = self._changed_text(algorithm, intake, order, there)
                target = there[0]
            declaration = parse(yaml.safe_load(text))
            self._try(algorithm, declaration, intake, new=there is None)
            model = intake.settle()
            _write(target, text)
        return Adopted(
            declaration, target, there is None, model, inspected, tuple(wanted.requirements)
        )

    def _declared(self, order: Order) -> tuple[Path, ServiceDeclaration] | None:
        """Return the service as it is declared now. Raises Conflict if its file is broken."""
        own = self.workspace / "services" / f"{order.service}.yaml"
        for path in [] if order.force else service_files(self.workspace):
            try:
                declaration = parse_file(path, lambda _: None)
            except InvalidConfiguration as error:
                if path == own:
                    raise Conflict(
                        f"{own.name} is there and cannot be used: mend it, or --force to write it anew."
                    ) from error
                continue
            if declaration.service == order.service:
                if order.output or order.parameters:
                    raise Conflict(
                        f"Service {order.service} is declared in {path.name}, where its output and "
                        "parameters are changed: leave --output and --set out, or --force to write "
                        "it anew."
                    )
                return path, declaration
        return None

    def _recognise(self, intake: Intake, order: Order) -> Algorithm:
        if order.algorithm is not None:
            chosen = self.catalogue.find(order.algorithm)
            if not isinstance(chosen, Imports):
                raise InvalidConfiguration(f"Algorithm {chosen.name} reads no model files.")
            return chosen
        found = self._recognising(intake.path)
        if not found and is_archive(intake.path):
            intake.open_archive()
            found = self._recognising(intake.path)
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(one.name for one in found)
            raise InvalidData(f"{order.source.name} may be for {names}: choose with --algorithm.")
        known = ", ".join(
            name for name, one in self.catalogue.algorithms.items() if isinstance(one, Imports)
        )
        raise InvalidData(
            f"{order.source.name} is of no format that is known here, or is damaged at its very "
            f"beginning; --algorithm says which of these shall read it: {known}."
        )

    def _recognising(self, path: Path) -> list[Algorithm]:
        algorithms = self.catalogue.algorithms.values()
        return [one for one in algorithms if isinstance(one, Imports) and one.recognises(path)]

    def _inspect(
        self,
        algorithm: Algorithm,
        intake: Intake,
        order: Order,
        requirements: Sequence[str],
        *,
        allowed: bool,
    ) -> Inspected:
        parameters = {**order.parameters, "path": self._relative(intake.path)}
        context = Context(
            schema=NOTHING_YET,
            parameters=read_parameters(algorithm, parameters),
            workspace=self.workspace,
            allow_pickle=allowed,
        )
        with closing(self.apart(algorithm, requirements)) as apart:
            try:
                return apart.inspect(intake.path, context)
            except AlgorithmFailed as error:
                raise InvalidData(
                    f"{order.source.name} cannot be read, it may be damaged: {error.message}"
                ) from error

    def _wanted(self, order: Order, inspected: Inspected) -> Wanted:
        output, declared = read_output(order.output or DEFAULT_OUTPUT)
        return Wanted(
            order.service,
            output,
            declared,
            outstanding(inspected.requirements, self.version_of),
            order.allow_pickle,
        )

    def _new_text(
        self,
        algorithm: Algorithm,
        intake: Intake,
        order: Order,
        wanted: Wanted,
        inspected: Inspected,
    ) -> str:
        parameters = {
            "path": self._relative(intake.destination),
            **inspected.parameters,
            **order.parameters,
        }
        return render(Found(order.source.name, algorithm.name, parameters, inspected), wanted)

    def _changed_text(
        self,
        algorithm: Algorithm,
        intake: Intake,
        order: Order,
        there: tuple[Path, ServiceDeclaration],
    ) -> str:
        path, declaration = there
        if declaration.algorithm != algorithm.name:
            raise Conflict(
                f"Service {order.service} is answered by {declaration.algorithm}, but "
                f"{order.source.name} is for {algorithm.name}: take another service, or --force to "
                f"write {path.name} anew."
            )
        text = path.read_text(encoding="utf-8")
        destination = self._relative(intake.destination)
        return repoint(text, destination, allow_pickle=order.allow_pickle)

    def _try(
        self, algorithm: Algorithm, declaration: ServiceDeclaration, intake: Intake, *, new: bool
    ) -> None:
        """Make the version's model once, under the declared schema."""
        schema = declaration.schema
        staged = {**declaration.parameters, "path": self._relative(intake.path)}
        context = TrainingContext(
            schema=schema,
            parameters=read_parameters(algorithm, staged),
            workspace=self.workspace,
            allow_pickle=declaration.allow_pickle,
        )
        nothing = {name: np.empty(0) for name in schema.output}
        data = TrainingData(Decoder(schema).records([]), nothing)
        with closing(self.apart(algorithm, declaration.requirements)) as apart:
            try:
                apart.train(data, context)
            except InvalidConfiguration as error:
                whose = (
                    "the schema that was made for it" if new else f"service {declaration.service}"
                )
                faults = error.faults or [Fault("", error.message)]
                raise InvalidConfiguration(
                    f"The model does not fit {whose}; nothing was changed.", faults=faults
                ) from error

    def _relative(self, path: Path) -> str:
        return path.relative_to(self.workspace).as_posix()


def _write(path: Path, text: str) -> None:
    """Put the file there whole."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        parse_file(draft, lambda _: None)
        draft.replace(path)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
