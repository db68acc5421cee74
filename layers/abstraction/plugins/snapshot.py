"""A version's own copy of its plugin: what served yesterday serves tomorrow, whatever became of the file.

Restored modules stay for the life of the process, one for each content: two versions of one source
share it. They are never the workspace's own modules.
"""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Lock, current_thread, main_thread
from types import ModuleType

import structlog

from minerva.algorithm import Algorithm
from minerva.errors import AlgorithmFailed, Conflict, MinervaError
from minerva.layers.abstraction.plugins.importing import (
    PACKAGE,
    VERSION_PACKAGE,
    add_package,
    import_source,
    module_name,
)
from minerva.layers.abstraction.plugins.plugin import Brought, brought_by, reason
from minerva.layers.abstraction.plugins.source import Source, candidates, read

log = structlog.get_logger()

PLUGIN = "plugin"
"""The part of a version's folder that holds the source of its plugin."""
_BROUGHT = "__minerva_brought__"
"""Where a restored module keeps what it brings; it has been imported to its end when it has that."""
_LOCK = Lock()
"""`sys.modules` is one for the process."""


def keep(source: Source, folder: Path) -> None:
    """Write the plugin as it was imported to `<folder>/plugin/`. Raises OSError."""
    for name, content in source.files.items():
        path = folder / PLUGIN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def restore(folder: Path, algorithm: str) -> Algorithm:
    """Return an algorithm of the plugin in `<folder>/plugin/`, a verified version's part.

    Raises Conflict if it is not there, AlgorithmFailed if it cannot be imported here.
    """
    for found in carried(folder, f"algorithm {algorithm}").algorithms:
        if found.name == algorithm:
            return found
    raise Conflict(
        f"The version's own copy of its plugin brings no algorithm {algorithm!r}: train again."
    )


def carried(folder: Path, what: str) -> Brought:
    """Return all that the plugin in `<folder>/plugin/` brings; `what` it is wanted for goes into errors.

    Raises as `restore`.
    """
    source = _read(folder / PLUGIN)
    name = module_name(f"{VERSION_PACKAGE}{source.digest[:16]}", source.path)
    with _LOCK:
        module = sys.modules.get(name)
        if module is None or not hasattr(module, _BROUGHT):
            module = _import(name, source, what)
    brought: Brought = getattr(module, _BROUGHT)
    return brought


def _read(folder: Path) -> Source:
    try:
        found = candidates(folder)
        if len(found) == 1:
            return read(found[0])
    except (MinervaError, OSError) as error:
        raise Conflict(
            f"The version's copy of its plugin cannot be read: {reason(error)}"
        ) from error
    raise Conflict("The version holds no copy of its plugin: train again.")


def _import(name: str, source: Source, what: str) -> ModuleType:
    try:
        module = import_source(name, source)
        brought = brought_by(source.path.name, module)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and current_thread() is main_thread():
            raise  # the user's own
        log.warning("plugin.not_restored", wanted=what, exc_info=error)
        raise AlgorithmFailed(
            f"The plugin of {what} cannot be imported ({type(error).__name__}): "
            "something that it needs is missing here or changed; the log says where."
        ) from error
    setattr(module, _BROUGHT, brought)
    _answer_pickles(name, source)
    return module


def _answer_pickles(name: str, source: Source) -> None:
    """Let pickles find their classes under the workspace's name, where no plugin of that name is."""
    plain = module_name(PACKAGE, source.path)
    if plain in sys.modules:
        return
    add_package(PACKAGE)
    for known in [known for known in sys.modules if known == name or known.startswith(f"{name}.")]:
        sys.modules[plain + known.removeprefix(name)] = sys.modules[known]
