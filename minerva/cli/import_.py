"""`minerva import`: a service around a model that somebody else trained."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.new import NAME
from minerva.cli.session import Session, own_url, pass_session
from minerva.errors import Fault, InvalidConfiguration

if TYPE_CHECKING:
    from minerva.algorithm import Algorithm
    from minerva.layers.abstraction.services.importing import Adopted, Apart
    from minerva.settings import Loaded

FEW_FIELDS = 8
SAME_LIBRARY = {"xgboost": ("xgboost-cpu",)}
"""Under which other names a library is packaged; this one without what graphics cards need."""


@click.command("import", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--service", required=True, metavar="S", help="The service that the model answers for."
)
@click.option(
    "--output", metavar="NAME[=…]",
    help="The output of a new service: its name, and its values or its type.",
)  # fmt: skip
@click.option("--algorithm", metavar="A", help="What reads the file; else it is recognised.")
@click.option(
    "--set", "values", multiple=True, metavar="NAME=VALUE",
    help="A parameter of the algorithm; VALUE is YAML.",
)  # fmt: skip
@click.option("--allow-pickle", is_flag=True, help="Read even what can run any code: you trust it.")
@click.option("--force", is_flag=True, help="Write the service file anew if there is one.")
@pass_session
def import_(
    session: Session,
    file: Path,
    service: str,
    output: str | None,
    algorithm: str | None,
    values: Sequence[str],
    allow_pickle: bool,  # noqa: FBT001 - click passes flags so
    force: bool,  # noqa: FBT001 - as above
) -> None:
    """Serve a trained model: FILE, or a folder, becomes a version of a service.

    XGBoost (.ubj, .json), LightGBM (text), ONNX, scikit-learn (skops), PyTorch (.pt2, TorchScript) and
    MLflow folders are recognised by what they hold. A copy goes to models/S/; services/S.yaml is
    written from what the file says or, if it is there, pointed at the new file.

    Examples:
      minerva import churn.ubj --service churn --output churn=No,Yes
      minerva import model.onnx --service price --output price
      minerva import mlruns/1/models/m-1/artifacts --service churn
      minerva import forest.pkl --service churn --allow-pickle
    """
    from minerva.cli.control import log_beside
    from minerva.layers.abstraction.plugins.catalogue import discover
    from minerva.layers.abstraction.services.importing import Importing, Order

    if not NAME.fullmatch(service):
        raise InvalidConfiguration(
            f"{service!r} cannot name a service: use small letters, digits, - and _, a letter first."
        )
    loaded = session.load()
    log_beside(loaded)
    order = Order(file, service, output, algorithm, _parameters(values), allow_pickle, force)
    importing = Importing(
        loaded.workspace,
        discover(loaded.workspace, loaded.tried_plugins),
        _apart(loaded, service),
        _version_of,
    )
    adopted = importing.adopt(order)
    if session.json:
        screen.show_json(_json(adopted, loaded))
    else:
        _show(adopted, loaded, session)


def _parameters(values: Sequence[str]) -> dict[str, Any]:
    import yaml

    parameters = {}
    for assignment in values:
        name, separator, text = assignment.partition("=")
        try:
            parameters[name.strip()] = yaml.safe_load(text)
        except yaml.YAMLError:
            separator = ""
        if not separator or not name.strip():
            fault = Fault("--set", "expected name=value, such as scores=logit")
            raise InvalidConfiguration("A parameter is not set rightly.", faults=[fault])
    return parameters


def _apart(loaded: Loaded, service: str) -> Callable[[Algorithm, Sequence[str]], Apart]:
    """Return what gives an algorithm a process of its own, as the sidecar would."""
    import sys
    from functools import cache

    from minerva.layers.abstraction.runtimes.environments import Environments
    from minerva.layers.abstraction.runtimes.private import HostedImporter, Surroundings

    environments = Environments(loaded.state / "environments")

    @cache  # a model is looked into, then tried: both in the same one
    def python(requirements: Sequence[str]) -> Path:
        if not requirements:
            return Path(sys.executable)
        screen.remark(f"Preparing an environment with {', '.join(requirements)} …")
        return environments.python(environments.lock(requirements))

    def apart(algorithm: Algorithm, requirements: Sequence[str]) -> Apart:
        folder = loaded.log_folder or loaded.state / "logs"
        return HostedImporter(
            algorithm,
            Surroundings(
                python=lambda: python(tuple(requirements)),
                state=loaded.state,
                workspace=loaded.workspace,
                log_file=folder / "plugins" / f"{service}.log",
                reads=loaded.host_reads,
                memory_mb=loaded.settings.job_memory_mb,
            ),
        )

    return apart


def _version_of(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    for same in (name, *SAME_LIBRARY.get(name, ())):
        try:
            return version(same)
        except PackageNotFoundError:
            continue
    return None


def _show(adopted: Adopted, loaded: Loaded, session: Session) -> None:
    schema, name = adopted.declaration.schema, adopted.declaration.service
    output, field = schema.target()
    known = ", ".join(list(schema.features)[:FEW_FIELDS])
    more = ", …" if len(schema.features) > FEW_FIELDS else ""
    told = ", ".join(map(str, field.values[:FEW_FIELDS])) or field.type.value
    screen.show_pairs(
        [
            ("read by", adopted.declaration.algorithm),
            ("inputs", f"{len(schema.features)}: {known}{more}"),
            ("output", f"{output}: {told}"),
            ("model", _near(adopted.model, loaded)),
            (
                "service file",
                _near(adopted.declared_in, loaded) + ("" if adopted.new else ", changed"),
            ),
        ]
    )
    notes = list(adopted.inspected.notes) if adopted.new else []
    if notes:
        screen.say("\nCheck:")
    for note in notes:
        screen.say(f"  {note}")
    ready = "It serves within seconds if `minerva up` runs. Try it:"
    screen.say(f"\n{ready}\n  {_predict(adopted)}\n  {_curl(adopted, loaded, session, name)}")


def _json(adopted: Adopted, loaded: Loaded) -> dict[str, Any]:
    return {
        "service": adopted.declaration.service,
        "algorithm": adopted.declaration.algorithm,
        "file": str(adopted.declared_in),
        "new": adopted.new,
        "model": _near(adopted.model, loaded),
        "parameters": adopted.declaration.parameters,
        "schema": adopted.declaration.schema.to_json(),
        "requirements": list(adopted.requirements),
        "notes": list(adopted.inspected.notes),
        "try": _predict(adopted),
    }


def _predict(adopted: Adopted) -> str:
    """Return a command that predicts a made-up record."""
    from minerva.schema.example import example_record

    declaration = adopted.declaration
    pairs = [
        f"--set {shlex.quote(f'{name}={_cell(value)}')}"
        for name, value in example_record(declaration.schema).items()
        if declaration.schema.inputs[name].use
    ]
    return " ".join(["minerva predict", declaration.service, *pairs])


def _cell(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _curl(adopted: Adopted, loaded: Loaded, session: Session, name: str) -> str:
    from minerva.schema.example import example_record

    body = json.dumps({"records": [example_record(adopted.declaration.schema)]}, ensure_ascii=False)
    url = session.url_option or own_url(loaded)
    file = shlex.quote(_near(loaded.admin_key, loaded))
    key = "" if loaded.settings.auth == "none" else f'-H "X-API-Key: $(cat {file})" '
    kind = '-H "Content-Type: application/json" '
    return f"curl -s {url}/v1/services/{name}/predict {key}{kind}-d {shlex.quote(body)}"


def _near(path: Path, loaded: Loaded) -> str:
    near = path.is_relative_to(loaded.workspace)
    return (path.relative_to(loaded.workspace) if near else path).as_posix()
