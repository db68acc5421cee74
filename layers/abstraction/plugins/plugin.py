"""One plugin as it was found: what it brings, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import pluggy

from minerva import hookspecs
from minerva.algorithm import Algorithm
from minerva.errors import MinervaError
from minerva.job_kind import JobKind
from minerva.layers.abstraction.plugins.source import Source
from minerva.step import Step

ALGORITHMS = "minerva_algorithms"
JOB_KINDS = "minerva_job_kinds"
STEPS = "minerva_steps"
ROLES = ("collect", "handle", "features", "post")
SHAPES = ("map", "spread", "gather")
_KIND_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True, eq=False)
class Hook:
    """One plugin's implementation of one hook."""

    plugin: str
    name: str
    function: Callable[..., Any]
    accepts: tuple[str, ...]
    """The arguments that it names; it is given no others."""
    first: bool
    last: bool


@dataclass(frozen=True, eq=False)
class Plugin:
    """A plugin, usable or not."""

    name: str
    """`plugins/<file or folder>` in the workspace, else its entry point's."""
    kind: Literal["workspace", "installed"]
    algorithms: tuple[Algorithm, ...] = ()
    hooks: tuple[Hook, ...] = ()
    job_kinds: tuple[JobKind, ...] = ()
    steps: tuple[Step, ...] = ()
    source: Source | None = None
    distribution: str | None = None
    version: str | None = None
    problem: str | None = None
    """Why it cannot be used."""
    hint: str | None = None
    """What to do about it."""

    @property
    def digest(self) -> str | None:
        """Of the source, where it is the workspace's."""
        return None if self.source is None else self.source.digest

    def bringing(self, brought: Brought) -> Plugin:
        """Return the plugin with what it brings."""
        nothing = None if any(brought) else "mark what it brings with @minerva.hookimpl"
        return replace(
            self,
            algorithms=brought.algorithms,
            hooks=brought.hooks,
            job_kinds=brought.job_kinds,
            steps=brought.steps,
            hint=nothing,
        )

    def broken(self, problem: str, hint: str | None) -> Plugin:
        """Return the plugin as one that cannot be used."""
        return replace(self, problem=problem, hint=hint)

    def to_json(self) -> dict[str, Any]:
        """Return what `minerva plugins` shows."""
        return {
            "plugin": self.name,
            "kind": self.kind,
            "state": "broken" if self.problem else "ok",
            "algorithms": [algorithm.name for algorithm in self.algorithms],
            "hooks": sorted(hook.name for hook in self.hooks),
            "job_kinds": [kind.name for kind in self.job_kinds],
            "steps": [f"{step.role}: {step.name}" for step in self.steps],
            "digest": self.digest,
            "distribution": self.distribution,
            "version": self.version,
            "problem": self.problem,
            "hint": self.hint,
        }


class Brought(NamedTuple):
    """What a plugin brings."""

    algorithms: tuple[Algorithm, ...] = ()
    hooks: tuple[Hook, ...] = ()
    """Those other than the ones that bring algorithms and kinds of jobs."""
    job_kinds: tuple[JobKind, ...] = ()
    steps: tuple[Step, ...] = ()


def brought_by(name: str, thing: object) -> Brought:
    """Return what a plugin's module or object brings.

    Raises whatever the plugin does, TypeError and pluggy's own errors for what hooks may not be.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(thing, name)
    manager.check_pending()  # a hook that does not exist is a typing mistake
    algorithms: list[Algorithm] = []
    hooks: list[Hook] = []
    job_kinds: list[JobKind] = []
    steps: list[Step] = []
    for hook, one in _implementations(manager):
        if one.wrapper or one.hookwrapper:
            raise TypeError(f"{one.function.__name__} is a wrapper; hooks here have none")
        if hook == ALGORITHMS:
            algorithms.extend(_checked(one.function()))
        elif hook == JOB_KINDS:
            job_kinds.extend(_checked_kinds(one.function()))
        elif hook == STEPS:
            steps.extend(_checked_steps(one.function()))
        else:
            hooks.append(
                Hook(name, hook, one.function, tuple(one.argnames), one.tryfirst, one.trylast)
            )
    return Brought(tuple(algorithms), tuple(hooks), tuple(job_kinds), tuple(steps))


def reason(error: BaseException) -> str:
    """Return what is wrong in one line."""
    if isinstance(error, MinervaError):
        return error.message
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an error of a plugin, whose own __str__ may fail
        text = "(no message)"
    return f"{type(error).__name__}: {text}".removesuffix(": ")


def hint(error: BaseException) -> str | None:
    """Return what the plugin's author can do where the reason does not say it."""
    if isinstance(error, ModuleNotFoundError):
        return (
            "import it inside the methods that use it, and name what installs it in the algorithm's "
            "`requirements`"
        )
    if isinstance(error, RecursionError):
        return "the plugin calls itself without end when it is imported"
    if not isinstance(error, Exception):
        return "a plugin must not end the process that imports it"
    return None


def _implementations(manager: pluggy.PluginManager) -> Iterator[tuple[str, pluggy.HookImpl]]:
    callers: list[pluggy.HookCaller] = list(vars(manager.hook).values())
    for caller in callers:
        if caller.has_spec():  # one without is marked as optional
            for one in caller.get_hookimpls():
                yield caller.name, one


def _checked(returned: Any) -> list[Algorithm]:
    brought = list(returned)
    for algorithm in brought:
        if not isinstance(algorithm, Algorithm):
            kind = type(algorithm).__name__
            raise TypeError(f"{ALGORITHMS} returned {kind}, not an Algorithm")
        name = getattr(algorithm, "name", None)
        if not isinstance(name, str) or not name:
            raise TypeError(f"{type(algorithm).__name__} has no text as its name")
    return brought


def _checked_kinds(returned: Any) -> list[JobKind]:
    brought = list(returned)
    for kind in brought:
        if not isinstance(kind, JobKind):
            raise TypeError(f"{JOB_KINDS} returned {type(kind).__name__}, not a JobKind")
        name = getattr(kind, "name", None)
        if not isinstance(name, str) or not _KIND_NAME.fullmatch(name):
            raise TypeError(f"{type(kind).__name__} has no name of lower-case letters and dashes")
        if kind.queue not in {"train", "batch", "quick"}:
            raise TypeError(f"{type(kind).__name__} has no queue train, batch or quick")
    return brought


def check_step(step: object) -> None:
    """Look at what flows find a step by. Raises TypeError."""
    if not isinstance(step, Step):
        raise TypeError(f"{STEPS} returned {type(step).__name__}, not a Step")
    name = getattr(step, "name", None)
    if not isinstance(name, str) or not _KIND_NAME.fullmatch(name):
        raise TypeError(f"{type(step).__name__} has no name of lower-case letters and dashes")
    if getattr(step, "role", None) not in ROLES or step.shape not in SHAPES:
        raise TypeError(f"{type(step).__name__} has no role or no shape that there is")


def _checked_steps(returned: Any) -> list[Step]:
    brought = list(returned)
    for step in brought:
        check_step(step)
    return brought
