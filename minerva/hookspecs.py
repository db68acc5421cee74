"""The plugin hooks: this file is their manual.

A plugin is a module or object with functions marked `@minerva.hookimpl`. It is found through an
entry point in the group `minerva`, or as a Python file or package in the workspace's `plugins/`.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from minerva.algorithm import Algorithm

PROJECT = "minerva"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def minerva_algorithms() -> Iterable[Algorithm]:
    """Return the algorithms that this plugin brings.

    Called once per process (web worker, training child, CLI) when plugins are discovered; must do no
    I/O and import no heavy library. An exception takes this plugin out, with its name in the log and
    in `minerva doctor`; every other plugin goes on. Two algorithms of one name: the first one found
    stays (workspace before installed), the second is reported.
    """
    raise NotImplementedError  # a specification: pluggy calls implementations only
