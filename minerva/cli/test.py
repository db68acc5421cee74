"""`minerva test`: does a plugin keep the contract? No pytest needed, no sidecar either."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session
from minerva.errors import InvalidConfiguration

if TYPE_CHECKING:
    from minerva.layers.abstraction.services.declaration import ServiceDeclaration
    from minerva.testing.algorithm.run import Examination, Verdict

KINDS = ("category", "number", "boolean", "integer")
SIGNS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "left out": ("-", "yellow")}


@click.command("test", cls=Command)
@click.argument("target", required=False, metavar="[PLUGIN|ALGORITHM|STEP]")
@click.option(
    "--command", metavar="COMMAND", help="Check a program that speaks the runner protocol."
)
@click.option("--output", type=click.Choice(KINDS), help="Kind of output; else all are tried.")
@click.option(
    "--service",
    metavar="NAME",
    help="Take schema and parameters from this service, or parameters of steps from this flow.",
)
@click.option(
    "--timeout", default=60.0, show_default=True, metavar="SECONDS",
    type=click.FloatRange(min=0.1), help="Longest that one check may take.",
)  # fmt: skip
@click.option(
    "--memory-mb", default=2048, show_default=True, type=click.IntRange(min=16),
    help="Most memory that a training may need.",
)  # fmt: skip
@pass_session
def test(
    session: Session,
    target: str | None,
    command: str | None,
    output: str | None,
    service: str | None,
    timeout: float,
    memory_mb: int,
) -> None:
    """Check that an algorithm or a step keeps its promises, and say how to mend what it breaks.

    PLUGIN is a file or folder; ALGORITHM a name from `minerva algorithms`; STEP the kind of a flow's step,
    as flows name it. Steps are tried on rows that are made up, unless they reach outside. Each check
    runs in a process of its own: a crash or an endless loop is one ✗.

    Examples:
      minerva test plugins/nearest.py
      minerva test nearest --output number
      minerva test "handle: clean"
      minerva test plugins/tone.py --service ticket
      minerva test rules --service credit
      minerva test --command "Rscript runner.R"
    """
    if command is not None:
        _test_command(command, timeout, [target, output, service], as_json=session.json)
        return
    limits = {"timeout_s": timeout, "training_memory_mb": memory_mb}
    if not _test_algorithm(session, target, output, service, limits):
        raise click.exceptions.Exit(1)


def _test_algorithm(
    session: Session,
    target: str | None,
    output: str | None,
    service: str | None,
    limits: Mapping[str, Any],
) -> bool:
    from minerva.testing.algorithm.case import Limits
    from minerva.testing.algorithm.run import Examination
    from minerva.testing.algorithm.session import Session as Checks

    declared = _declared(session, service) if service else None
    target = target or (declared.algorithm if declared else None)
    if target is None:
        raise click.UsageError("Name a plugin (plugins/NAME.py), an algorithm or a step to test.")
    kind, where = find_target(session.workspace, target)
    checks = Checks(
        kind=kind,
        where=str(where),
        name=target if kind == "installed" else None,
        output=output,
        schema=declared.schema.to_json() if declared else None,
        parameters=declared.parameters if declared else {},
        of_steps=_of_steps(declared.parameters) if declared else {},
        allow_pickle=declared.allow_pickle if declared else False,
        workspace=str(session.workspace),
        limits=Limits(**limits),
    )
    environments = session.load().state / "environments"
    with tempfile.TemporaryDirectory(prefix="minerva-test-") as scratch:
        examination = Examination(checks, Path(scratch) / "output", environments)
        return _report(examination, target, as_json=session.json)


def _test_command(
    command: str, timeout_s: float, others: Sequence[str | None], *, as_json: bool
) -> None:
    from minerva.cli.runner_check import check_runner

    if any(other is not None for other in others):
        raise click.UsageError("--command checks a program: name no plugin, output or service.")
    if not check_runner(command, timeout_s, as_json=as_json):
        raise click.exceptions.Exit(1)


def find_target(workspace: Path, target: str) -> tuple[Literal["plugin", "installed"], Path]:
    """Return `plugin` and its path, or `installed` and the workspace whose catalogue knows the name.

    Raises InvalidConfiguration for a path that leads to no plugin.
    """
    for folder in (Path.cwd(), workspace, workspace / "plugins"):
        for path in (folder / target, folder / f"{target}.py"):
            if (path.is_file() and path.suffix == ".py") or (path / "__init__.py").is_file():
                return "plugin", path.resolve()
    if "/" in target or target.endswith(".py"):
        raise InvalidConfiguration(
            f"{target} is no plugin: neither a Python file nor a folder with an __init__.py."
        )
    return "installed", workspace


def _declared(session: Session, name: str) -> ServiceDeclaration:
    from minerva.layers.abstraction.services.folder import service_file
    from minerva.layers.abstraction.services.parsing import parse_file

    return parse_file(service_file(session.workspace, name), check=lambda _: None)


def _of_steps(parameters: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what a flow gives each kind of step the first time that it uses it."""
    from minerva.layers.abstraction.plugins.plugin import ROLES

    given: dict[str, dict[str, Any]] = {}
    steps = parameters.get("steps")
    for step in steps.values() if isinstance(steps, Mapping) else ():
        for role in ROLES if isinstance(step, Mapping) else ():
            if role in step:
                given.setdefault(f"{role}: {step[role]}", step.get("parameters") or {})
    return given


def _report(examination: Examination, target: str, *, as_json: bool) -> bool:
    """Show each verdict as it comes; return whether all is fine."""
    from minerva.testing.verdict import Broken

    verdicts: list[Verdict] = []
    problem: Broken | None = None
    try:
        for verdict in examination:
            if not as_json:
                _show(verdict, verdicts)
            verdicts.append(verdict)
    except Broken as broken:
        problem = broken
    fine = problem is None and not any(one.state == "failed" for one in verdicts)
    if as_json:
        screen.show_json(_json(examination, target, verdicts, problem, fine=fine))
        return fine
    if problem is not None:
        _line("failed", f"{target} can be used")
        _indented(problem.what, problem.mend)
    _sum_up(examination.outputs, verdicts)
    return fine


def _show(verdict: Verdict, before: Sequence[Verdict]) -> None:
    if not before or before[-1].subject != verdict.subject:
        screen.say(f"{verdict.subject}:")
    reason = f": {verdict.what}" if verdict.state == "left out" else ""
    _line(verdict.state, f"{verdict.title}{reason}")
    if verdict.state == "failed":
        _indented(verdict.what, verdict.mend)
    _indented(*(f"advice: {one}" for one in verdict.advice))


def _line(state: str, text: str) -> None:
    sign, colour = SIGNS[state]
    screen.say(f"  {click.style(sign, fg=colour)} {text}")


def _indented(*sentences: str) -> None:
    for sentence in sentences:
        screen.say(f"      {sentence}")


def _sum_up(outputs: Mapping[str, str], verdicts: Sequence[Verdict]) -> None:
    counts = {state: sum(one.state == state for one in verdicts) for state in SIGNS}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    kinds = ", ".join(dict.fromkeys(outputs.values()))
    if told:
        screen.say(f"{told}{f' (with an output of type {kinds})' if kinds else ''}.")


def _json(
    examination: Examination,
    target: str,
    verdicts: Sequence[Verdict],
    problem: Any,
    *,
    fine: bool,
) -> dict[str, Any]:
    return {
        "target": target,
        "passed": fine,
        "problem": None if problem is None else {"what": problem.what, "mend": problem.mend},
        "algorithms": [
            {
                "algorithm": name,
                "output": examination.outputs.get(name),
                "checks": _checks(verdicts, name),
            }
            for name in examination.found
        ],
        "steps": [{"step": name, "checks": _checks(verdicts, name)} for name in examination.steps],
    }


def _checks(verdicts: Sequence[Verdict], subject: str) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in asdict(one).items() if key != "subject"}
        for one in verdicts
        if one.subject == subject
    ]
