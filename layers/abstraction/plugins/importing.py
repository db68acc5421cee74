"""Importing a plugin from its source as it was read: a module of its own, no bytecode, no stale file.

Bytecode is chosen by a file's size and whole seconds, so an edit within one second would be missed.
Modules that a plugin imports later come from the same reading as its first one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from minerva.layers.abstraction.plugins.source import Source

PACKAGE = "minerva_plugins"
"""Under this name the workspace's plugins are imported, so that they collide with no one's modules."""
VERSION_PACKAGE = "minerva_version_"
"""Beginning of the names under which versions' own copies are imported."""


class PluginLoader(SourceLoader):
    """Loads the modules of one plugin from what was read of it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._root = source.path.parent

    def spec_of(self, fullname: str) -> ModuleSpec | None:
        """Return how to import the plugin's module of this name, if it has one."""
        file = self._file_of(fullname)
        if file is not None:
            path = self._root / file
            package = [str(path.parent)] if path.name == "__init__.py" else None
            return spec_from_file_location(
                fullname, path, loader=self, submodule_search_locations=package
            )
        folder = self._place_of(fullname)
        if not any(name.startswith(f"{folder}/") for name in self.source.files):
            return None
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = [str(self._root / folder)]
        return spec

    def get_filename(self, fullname: str) -> str:
        """Satisfy `SourceLoader`."""
        file = self._file_of(fullname)
        if file is None:
            raise ImportError(f"the plugin has no module {fullname}", name=fullname)
        return str(self._root / file)

    def get_data(self, path: str | bytes) -> bytes:
        """Satisfy `SourceLoader`. Raises OSError."""
        name = Path(str(path)).relative_to(self._root).as_posix()
        if name not in self.source.files:
            raise FileNotFoundError(path)
        return self.source.files[name]

    def _place_of(self, fullname: str) -> str:
        """A version's own copy may also be imported under the name that its pickles say."""
        below = fullname.split(".")[2:]
        return "/".join([self.source.path.name.removesuffix(".py"), *below])

    def _file_of(self, fullname: str) -> str | None:
        place = self._place_of(fullname)
        found = (f"{place}/__init__.py", f"{place}.py")
        return next((name for name in found if name in self.source.files), None)


class PluginFinder(MetaPathFinder):
    """Finds the modules of plugins that were imported here, and nothing else."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Ask the loader of the plugin above the module."""
        del path, target
        above = fullname
        while fullname.startswith((f"{PACKAGE}.", VERSION_PACKAGE)) and "." in above:
            above = above.rpartition(".")[0]
            loader = getattr(getattr(sys.modules.get(above), "__spec__", None), "loader", None)
            if isinstance(loader, PluginLoader):
                return loader.spec_of(fullname)
        return None


def module_name(package: str, path: Path) -> str:
    """Return the name under which the plugin at `path` is imported."""
    return f"{package}.{path.name.removesuffix('.py').replace('.', '_')}"


def import_source(name: str, source: Source) -> ModuleType:
    """Import a plugin anew as `name`. Raises whatever it raises, and leaves no half of it behind."""
    if not any(isinstance(finder, PluginFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, PluginFinder())
    add_package(name.rpartition(".")[0])
    forget(name)
    spec = PluginLoader(source).spec_of(name)
    if spec is None or spec.loader is None:
        raise ImportError(f"{source.path.name} is not a Python module")
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        forget(name)
        raise
    return module


def forget(name: str) -> None:
    """Take a plugin's modules out of `sys.modules`; whoever uses them keeps them."""
    for known in list(sys.modules):
        if known == name or known.startswith(f"{name}."):
            sys.modules.pop(known, None)


def add_package(name: str) -> None:
    """Make a package for plugins known, so that pickles name an importable module."""
    package = ModuleType(name, "Plugins of Minerva.")
    package.__path__ = []
    sys.modules.setdefault(name, package)
