"""Algorithms that serve a file somebody else trained: what `minerva import` relies on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minerva.algorithm import Algorithm, Context, Imports, Inspected
from minerva.errors import AlgorithmFailed, MinervaError
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.services.importing import NOTHING_YET
from minerva.schema import Schema
from minerva.testing.verdict import Broken, NotApplicable, described, raised

if TYPE_CHECKING:
    from minerva.testing.algorithm.case import Case

OUTPUT = "answer"
MEND_RECOGNISES = (
    "Tell the format by its first bytes: `minerva import` asks every algorithm about every file."
)
MEND_REFUSE = "Raise minerva.InvalidData with one sentence for what cannot be read."


def file_of(
    algorithm: Algorithm, parameters: Mapping[str, Any], workspace: Path
) -> tuple[Imports, Path]:
    """Return the algorithm, and the file that the parameters name. Raises NotApplicable."""
    if not isinstance(algorithm, Imports):
        raise NotApplicable("it reads no model files")
    path = parameters.get("path")
    if not isinstance(path, str):
        raise NotApplicable("no parameter `path` names a model file")
    return algorithm, (workspace / path).resolve()


def told_by(
    algorithm: Algorithm, parameters: Mapping[str, Any], workspace: Path, *, allow_pickle: bool
) -> Inspected | None:
    """Return what the file tells of itself; None if there is none, or only its libraries could read it."""
    if algorithm.requirements:
        return None
    try:
        importer, path = file_of(algorithm, parameters, workspace)
        context = Context(
            schema=NOTHING_YET,
            parameters=read_parameters(algorithm, dict(parameters)),
            workspace=workspace,
            allow_pickle=allow_pickle,
        )
        told = importer.inspect(path, context)
    except (Exception, SystemExit):  # noqa: BLE001 - the plugin's own code; the first check tells it
        return None
    return told if told.inputs else None


def schema_of(told: Inspected, output: Mapping[str, Any]) -> Schema:
    """Return the schema that `minerva import` would declare; `output` if the file does not say."""
    fields = {OUTPUT: dict(told.output or output)}
    return Schema.parse({"inputs": dict(told.inputs), "output": fields})


def read(case: Case, folder: Path) -> dict[str, Any]:  # noqa: ARG001 - all tasks take the same
    """Do as `minerva import` does with the file, with others, and with half of it. Raises Broken."""
    importer, path = file_of(case.algorithm, case.parameters, case.workspace)
    with tempfile.TemporaryDirectory(prefix="minerva-contract-") as name:
        scratch = Path(name).resolve()
        _recognises(case, importer, path, scratch)
        _describes(case, importer, path)
        if path.is_file():
            _refuses_half(case, importer, path, scratch)
    return {}


def _recognises(case: Case, importer: Imports, path: Path, scratch: Path) -> None:
    folder = scratch / "notes"
    folder.mkdir()
    nothing, text = scratch / f"nothing{path.suffix}", folder / "notes.txt"
    nothing.write_bytes(b"")
    text.write_text("Nothing but a note.\n", encoding="utf-8")
    for one in (path, nothing, text, folder):
        try:
            known = importer.recognises(one)
        except (Exception, SystemExit) as error:
            raise raised("recognises", error, case.home) from error
        if known and one != path:
            kind = {nothing: "an empty file", text: "a note"}.get(one, "a folder with a note")
            raise Broken(f"recognises takes {kind} for its own.", MEND_RECOGNISES)
        if not known and one == path:
            raise Broken(f"recognises does not know {path.name}, which it reads.", MEND_RECOGNISES)


def _describes(case: Case, importer: Imports, path: Path) -> None:
    """What `inspect` tells is a schema that `train` takes."""
    told = _inspected(case, importer, path, case.workspace)
    if not told.inputs:
        return
    target = next(iter(case.schema.to_json()["output"]))
    known = {name: value for name, value in target.items() if name != "name"}
    try:
        own = replace(
            case,
            schema=schema_of(told, known),
            parameters={**told.parameters, **case.parameters},
        )
        own.try_to_train(())
    except MinervaError as error:
        raise Broken(
            f"train refuses what inspect tells of {path.name}: {described(error)}.",
            "Describe inputs, output and parameters so that the file fits them.",
        ) from error


def _inspected(case: Case, importer: Imports, path: Path, workspace: Path) -> Inspected:
    parameters = {**case.parameters, "path": str(path.relative_to(workspace))}
    context = Context(
        schema=NOTHING_YET,
        parameters=read_parameters(case.algorithm, parameters),
        workspace=workspace,
        allow_pickle=case.allow_pickle,
    )
    try:
        return importer.inspect(path, context)
    except (Exception, SystemExit) as error:
        raise raised("inspect", error, case.home) from error


def _refuses_half(case: Case, importer: Imports, path: Path, scratch: Path) -> None:
    """A file that was cut off is refused in words, by `inspect` or by `train` at the latest."""
    raw = path.read_bytes()
    half = scratch / path.name
    half.write_bytes(raw[: len(raw) // 2])
    try:
        _inspected(case, importer, half, scratch)
        parameters = {**case.parameters, "path": half.name}
        replace(case, workspace=scratch, parameters=parameters).try_to_train(())
    except MinervaError:
        return
    except Broken as broken:
        if _honest(broken.__cause__):
            return
        raise Broken(f"With the first half of {path.name}: {broken.what}", MEND_REFUSE) from broken
    raise Broken(f"The first half of {path.name} is taken for a whole model.", MEND_REFUSE)


def _honest(error: BaseException | None) -> bool:
    return isinstance(error, MinervaError) and not isinstance(error, AlgorithmFailed)
