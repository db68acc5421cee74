"""Importing a plugin, a file or folder, for what it brings: algorithms and kinds of steps of flows."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from minerva.algorithm import Algorithm
from minerva.hookspecs import PROJECT
from minerva.step import Step
from minerva.testing.verdict import Broken, described, is_below

PACKAGE = "minerva_plugins"
"""Plugins are imported under this name, as the platform does it."""
HOOKS: dict[str, type[Any]] = {"minerva_algorithms": Algorithm, "minerva_steps": Step}


def algorithms_in(path: Path | str) -> list[Algorithm]:
    """Import a plugin, a file or a folder with an __init__.py, and return the algorithms it brings.

    Raises Broken, which says what is wrong with it and how to mend that.
    """
    return _all_of("minerva_algorithms", Path(path))


def steps_in(path: Path | str) -> list[Step]:
    """Import a plugin and return the kinds of steps it brings. Raises Broken, as `algorithms_in`."""
    return _all_of("minerva_steps", Path(path))


def brought_in(path: Path) -> tuple[list[Algorithm], list[Step]]:
    """Return algorithms and kinds of steps of a plugin that brings at least one of both. Raises Broken."""
    home = plugin_at(path.resolve())
    module = _import(home)
    hooks = [name for name in HOOKS if hasattr(module, name)]
    if not hooks:
        both = " and no function ".join(HOOKS)
        raise Broken(f"{home.name} has no function {both}.", mend_hook("minerva_algorithms"))
    brought = {name: _brought(home, module, name) for name in hooks}
    return brought.get("minerva_algorithms", []), brought.get("minerva_steps", [])


def plugin_at(file: Path) -> Path:
    """Return the folder of an __init__.py, any other path as it is."""
    return file.parent if file.name == "__init__.py" else file


def mend_hook(hook: str) -> str:
    """Return how a plugin brings something."""
    mine = f"My{HOOKS[hook].__name__}()"
    return f"Add `@minerva.hookimpl def {hook}(): return [{mine}]` at the end of the plugin."


def _all_of(hook: str, path: Path) -> list[Any]:
    home = plugin_at(path.resolve())
    module = _import(home)
    if getattr(module, hook, None) is None:
        raise Broken(f"{home.name} has no function {hook}.", mend_hook(hook))
    return _brought(home, module, hook)


def _brought(home: Path, module: ModuleType, name: str) -> list[Any]:
    hook = getattr(module, name)
    if not hasattr(hook, f"{PROJECT}_impl"):
        raise Broken(
            f"The function {name} of {home.name} is not marked as a hook.", mend_hook(name)
        )
    try:
        brought: Sequence[Any] = list(hook())
    except (Exception, SystemExit) as error:
        raise Broken(
            f"{name} of {home.name} raised {described(error)}.", mend_hook(name)
        ) from error
    for one in brought:
        _check_named(one, home, name)
    return list(brought)


def _check_named(one: Any, home: Path, hook: str) -> None:
    kind, wanted = type(one).__name__, HOOKS[hook]
    if not isinstance(one, wanted):
        instead = one.__name__ if isinstance(one, type) else kind
        raise Broken(
            f"{hook} of {home.name} returned {instead}, which is no instance of minerva.{wanted.__name__}.",
            f"Derive the class from minerva.{wanted.__name__} and return instances of it, `[Mine()]`.",
        )
    name = getattr(one, "name", None)
    if not isinstance(name, str) or not name:
        who = "services" if wanted is Algorithm else "flows"
        raise Broken(f"{kind} has no name.", f'Add `name = "…"` to the class: {who} call it so.')


def _import(home: Path) -> ModuleType:
    name = f"{PACKAGE}.{home.stem}"
    file = home / "__init__.py" if home.is_dir() else home
    present = sys.modules.get(name)
    if present is not None and present.__file__ == str(file):
        return present
    try:
        return from_file(name, file)
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise _unimportable(home, error) from error


def from_file(name: str, file: Path) -> ModuleType:
    """Import a file under a name. Raises whatever it does."""
    folders = [str(file.parent)] if file.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=folders)
    if spec is None or spec.loader is None:
        raise ImportError("it is not a Python file")
    module = importlib.util.module_from_spec(spec)
    parent = name.partition(".")[0]
    if parent == PACKAGE and parent not in sys.modules:
        package = ModuleType(PACKAGE, "The workspace's plugins.")
        package.__path__ = []
        sys.modules[PACKAGE] = package
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _unimportable(home: Path, error: BaseException) -> Broken:
    """Say why a plugin cannot be imported, and in which of its lines."""
    if isinstance(error, SyntaxError) and error.filename:
        place = f"{Path(error.filename).name}, line {error.lineno}"
        return Broken(f"{place} is no Python: {error.msg}.", "Mend that line, then test again.")
    lines = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if is_below(frame.filename, home)
    ]
    place = f"{Path(lines[-1].filename).name}, line {lines[-1].lineno}" if lines else home.name
    what = f"Importing {place} raised {described(error)}."
    if isinstance(error, ModuleNotFoundError) and error.name:
        library = error.name.partition(".")[0]
        return Broken(
            what,
            f"Import {library} inside the methods and name it in `requirements`, or install it here.",
        )
    return Broken(what, "Do nothing at import that can fail: work belongs into the methods.")
