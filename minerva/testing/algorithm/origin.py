"""Where an algorithm comes from, so that a fresh process can find it again."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import msgspec

from minerva.algorithm import Algorithm
from minerva.hookspecs import PROJECT
from minerva.testing.algorithm.verdict import Broken, described, is_below

PACKAGE = "minerva_plugins"
"""Plugins are imported under this name, as the platform does it."""
HOOK = "minerva_algorithms"
MEND_HOOK = (
    f"Add `@minerva.hookimpl def {HOOK}(): return [MyAlgorithm()]` at the end of the plugin."
)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """How to find one algorithm.

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
        """The file or folder that holds the algorithm's own code, if that is known."""
        if self.kind == "plugin":
            return Path(self.where)
        return Path(self.file) if self.file else None


def origin_of(algorithm: Algorithm) -> Origin:
    """Tell where an algorithm comes from that is here already. Raises Broken if nobody can know."""
    kind = type(algorithm)
    paths = tuple(str(Path(path).resolve()) for path in sys.path)
    if kind.__module__.startswith(f"{PACKAGE}."):
        top = ".".join(kind.__module__.split(".")[:2])
        return Origin(
            kind="plugin",
            where=str(_plugin(Path(inspect.getfile(sys.modules[top])))),
            name=algorithm.name,
            paths=paths,
        )
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
    sys.path.extend(path for path in origin.paths if path not in sys.path)
    if origin.kind == "class":
        return _by_class(origin)
    for algorithm in brought_by(origin.kind, origin.where):
        if algorithm.name == origin.name:
            return algorithm
    raise Broken(
        f"{origin.where} brings no algorithm {origin.name!r} in a fresh process.",
        "Give every algorithm the same name each time its plugin is imported.",
    )


def brought_by(kind: str, where: str, name: str | None = None) -> list[Algorithm]:
    """Return what a plugin's path brings, or what is installed beside a workspace under a name."""
    if kind == "plugin":
        return algorithms_in(Path(where))
    from minerva.layers.abstraction.plugins.catalogue import discover

    catalogue = discover(Path(where))
    return list(catalogue.algorithms.values()) if name is None else [catalogue.find(name)]


def algorithms_in(path: Path | str) -> list[Algorithm]:
    """Import a plugin, a file or a folder with an __init__.py, and return the algorithms it brings.

    Raises Broken, which says what is wrong with it and how to mend that.
    """
    home = _plugin(Path(path).resolve())
    module = _import(home)
    hook = getattr(module, HOOK, None)
    if hook is None:
        raise Broken(f"{home.name} has no function {HOOK}.", MEND_HOOK)
    if not hasattr(hook, f"{PROJECT}_impl"):
        raise Broken(f"The function {HOOK} of {home.name} is not marked as a hook.", MEND_HOOK)
    try:
        brought = list(hook())
    except (Exception, SystemExit) as error:
        raise Broken(f"{HOOK} of {home.name} raised {described(error)}.", MEND_HOOK) from error
    for one in brought:
        _check_named(one, home)
    return brought


def _check_named(algorithm: Any, home: Path) -> None:
    kind = type(algorithm).__name__
    if not isinstance(algorithm, Algorithm):
        instead = algorithm.__name__ if isinstance(algorithm, type) else kind
        raise Broken(
            f"{HOOK} of {home.name} returned {instead}, which is no instance of minerva.Algorithm.",
            "Derive the class from minerva.Algorithm and return instances of it, `[Mine()]`.",
        )
    name = getattr(algorithm, "name", None)
    if not isinstance(name, str) or not name:
        raise Broken(f"{kind} has no name.", 'Add `name = "…"` to the class: services call it so.')


def _plugin(file: Path) -> Path:
    """Return the folder of an __init__.py, any other path as it is."""
    return file.parent if file.name == "__init__.py" else file


def _import(home: Path) -> ModuleType:
    name = f"{PACKAGE}.{home.stem}"
    file = home / "__init__.py" if home.is_dir() else home
    present = sys.modules.get(name)
    if present is not None and present.__file__ == str(file):
        return present
    try:
        return _from_file(name, file)
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise _unimportable(home, error) from error


def _from_file(name: str, file: Path) -> ModuleType:
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
    return Broken(what, "Do nothing at import that can fail: work belongs into train and load.")


def _by_class(origin: Origin) -> Algorithm:
    module = _module(origin)
    found: Any = module
    for part in origin.name.split("."):
        found = getattr(found, part, None)
    if not (isinstance(found, type) and issubclass(found, Algorithm)):
        raise Broken(
            f"Module {origin.where} has no algorithm class {origin.name} in a fresh process.",
            "Define the class at the top of the module, whoever imports it.",
        )
    try:
        return found()
    except TypeError as error:
        raise Broken(
            f"{origin.name} cannot be made without arguments: {error}.",
            "Give the constructor defaults, or hand the contract a plugin: algorithms_in(path).",
        ) from error


def _module(origin: Origin) -> ModuleType:
    try:
        module = importlib.import_module(origin.where)
    except ImportError:
        module = None
    if module is not None and _same_file(module, origin.file):
        return module
    return _from_file(origin.where, Path(origin.file))


def _same_file(module: ModuleType, file: str) -> bool:
    return module.__file__ is not None and str(Path(module.__file__).resolve()) == file
