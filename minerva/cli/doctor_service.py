"""`minerva doctor service`: whether one service's data and model are sound, and if not, what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from minerva.cli.check import Check
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session
from minerva.errors import MinervaError

if TYPE_CHECKING:
    from minerva.bootstrap import Container
    from minerva.layers.abstraction.services.declaration import ServiceDeclaration
    from minerva.layers.abstraction.validation.examination import Examination
    from minerva.layers.abstraction.validation.finding import Finding


@click.command(cls=Command)
@click.argument("service")
@pass_session
def service(session: Session, service: str) -> None:
    """Look over SERVICE: its data, and whether its model is worth using.

    Fields that tell the answer by themselves, rows that repeat, rare answers, what has moved since the
    training, fields that the model does not need: each with what to do. The declared data is read whole.
    Exit code 1 if there is anything to do.

    Examples:
      minerva doctor service churn
      minerva doctor service churn --json
    """
    from minerva.cli.control import control
    from minerva.cli.doctor_report import told

    with control(session.load()) as container:
        told(session, _examined(container, service))


def _examined(container: Container, service: str) -> Iterator[Check]:
    from minerva.layers.abstraction.services.folder import service_file
    from minerva.layers.abstraction.services.parsing import parse_file

    path = service_file(container.loaded.workspace, service)
    try:
        declaration = parse_file(path, container.offline.check)
    except MinervaError as error:
        yield Check("declaration", False, str(error), f"correct {path.name}")
        return
    yield Check("declaration", True, f"{declaration.algorithm}, {path.name}")
    yield from _looked_over(container, declaration)


def _looked_over(container: Container, declaration: ServiceDeclaration) -> Iterator[Check]:
    examination = _examination(container)
    try:
        looked = examination.look(declaration)
    except MinervaError as error:
        yield Check("data", False, str(error), "look at `data:` in its file")
    else:
        yield from _checks("data", looked.findings, f"{looked.rows:,} rows, nothing odd about them")
    version = examination.champion(declaration.service)
    if version is None:
        yield Check("version", False, "none serves yet", f"minerva train {declaration.service}")
        return
    found = examination.version(declaration, version)
    yield from _checks("version", found, f"version {version.number} is worth using")


def _checks(name: str, findings: Sequence[Finding], fine: str) -> Iterator[Check]:
    if not findings:
        yield Check(name, True, fine)
    for one in findings:
        yield Check(one.about, False, one.says, one.todo)


def _examination(container: Container) -> Examination:
    from minerva.layers.abstraction.validation.examination import DataExamination, Examination

    open_source = container.versioning.open_source
    data = DataExamination(container.catalogue, open_source, os.environ)
    return Examination(data, container.registry, container.artefacts)
