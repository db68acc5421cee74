"""Where an algorithm or a kind of step comes from, so that a fresh process can find it again."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import msgspec

from minerva.algorithm import Algorithm
from minerva.errors import InvalidConfiguration
from minerva.spelling import hint
from minerva.step import Step
from minerva.testing.plugins import PACKAGE, brought_in, from_file, plugin_at
from minerva.testing.verdict import Broken

Brought = tuple[list[Algorithm], list[Step]]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """How to find one algorithm, or one kind of step.

    kind `plugin`: `where` is a file or folder; `installed`: `where` is the workspace, and the name is
    looked up in its catalogue; `class`: `where` is a module, `file` its file, `name` the class's name.
    """

    kind: Literal["plugin", "installed", "class"]
    where: str
    name: str
    file: str = ""
    paths: tuple[str, ...] = ()
    """The module search path of the process that found it first."""

    @property
    def home(self) -> Path | None:
        """The file or folder that holds its own code, if that is known."""
        if self.kind == "plugin":
            return Path(self.where)
        return Path(self.file) if self.file else None


def called(one: Algorithm | Step) -> str:
    """Return what it is called where there are others: a step's role stands before its name."""
    return f"{getattr(one, 'role', 'step')}: {one.name}" if isinstance(one, Step) else one.name


def origin_of(one: Algorithm | Step) -> Origin:
    """Tell where something comes from that is here already. Raises Broken if nobody can know."""
    kind = type(one)
    paths = tuple(str(Path(path).resolve()) for path in sys.path)
    if kind.__module__.startswith(f"{PACKAGE}."):
        top = ".".join(kind.__module__.split(".")[:2])
        where = str(plugin_at(Path(inspect.getfile(sys.modules[top]))))
        return Origin(kind="plugin", where=where, name=called(one), paths=paths)
    if "<locals>" in kind.__qualname__ or kind.__module__ == "__main__":
        raise Broken(
            f"The class {kind.__qualname__} of module {kind.__module__} cannot be found by a fresh "
            "process.",
            "Define it at the top of a module or plugin file.",
        )
    file = str(Path(inspect.getfile(kind)).resolve())
    where, name = kind.__module__, kind.__qualname__
    return Origin(kind="class", where=where, name=name, file=file, paths=paths)


def find(origin: Origin) -> Algorithm:
    """Return the algorithm, in whichever process this is. Raises Broken."""
    found: Algorithm = _found(origin, Algorithm)
    return found


def find_step(origin: Origin) -> Step:
    """Return the kind of step, in whichever process this is. Raises Broken."""
    found: Step = _found(origin, Step)
    return found


def brought_by(kind: str, where: str, name: str | None = None) -> Brought:
    """Return what a plugin's path brings, or what is installed beside a workspace under a name.

    Raises Broken, and InvalidConfiguration if nothing has that name.
    """
    if kind == "plugin":
        return brought_in(Path(where))
    from minerva.layers.abstraction.plugins.catalogue import discover

    catalogue = discover(Path(where))
    steps = {called(step): step for step in catalogue.steps().values()}
    if name is None:
        return list(catalogue.algorithms.values()), list(steps.values())
    if ":" not in name:
        return [catalogue.find(name)], []
    role, _, kind_name = name.partition(":")
    wanted = f"{role.strip()}: {kind_name.strip()}"
    if wanted not in steps:
        raise InvalidConfiguration(f"There is no step {wanted!r}; {hint(wanted, steps)}")
    return [], [steps[wanted]]


def _found(origin: Origin, wanted: type[Any]) -> Any:
    sys.path.extend(path for path in origin.paths if path not in sys.path)
    if origin.kind == "class":
        return _by_class(origin, wanted)
    algorithms, steps = brought_by(origin.kind, origin.where)
    for one in algorithms if wanted is Algorithm else steps:
        if called(one) == origin.name:
            return one
    what = wanted.__name__.lower()
    raise Broken(
        f"{origin.where} brings no {what} {origin.name!r} in a fresh process.",
        f"Give every {what} the same name each time its plugin is imported.",
    )


def _by_class(origin: Origin, wanted: type[Any]) -> Any:
    module = _module(origin)
    found: Any = module
    for part in origin.name.split("."):
        found = getattr(found, part, None)
    what = wanted.__name__.lower()
    if not (isinstance(found, type) and issubclass(found, wanted)):
        raise Broken(
            f"Module {origin.where} has no {what} class {origin.name} in a fresh process.",
            "Define the class at the top of the module, whoever imports it.",
        )
    try:
        return found()
    except TypeError as error:
        raise Broken(
            f"{origin.name} cannot be made without arguments: {error}.",
            f"Give the constructor defaults, or hand the contract a plugin: {what}s_in(path).",
        ) from error


def _module(origin: Origin) -> ModuleType:
    try:
        module = importlib.import_module(origin.where)
    except ImportError:
        module = None
    if module is not None and _same_file(module, origin.file):
        return module
    return from_file(origin.where, Path(origin.file))


def _same_file(module: ModuleType, file: str) -> bool:
    return module.__file__ is not None and str(Path(module.__file__).resolve()) == file
