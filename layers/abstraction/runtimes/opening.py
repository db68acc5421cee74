"""From a spec to a host that can answer: find the algorithm, read the parameters, load the model."""

from __future__ import annotations

from pathlib import Path

from minerva.algorithm import Algorithm, Context
from minerva.layers.abstraction.runtimes.host import MODEL, Host
from minerva.layers.abstraction.runtimes.spec import HostSpec
from minerva.schema import Schema


def open_host(spec: HostSpec) -> Host:
    """Return the host of a spec. Raises what minerva.errors has, or whatever the plugin does."""
    algorithm = find_algorithm(spec)
    if not spec.schema:
        return Host(spec, algorithm, None)
    context = _context(spec, algorithm)
    model = algorithm.load(Path(spec.folder) / MODEL, context) if spec.folder else None
    return Host(spec, algorithm, context, model)


def find_algorithm(spec: HostSpec) -> Algorithm:
    """Return the algorithm: of a copy of its plugin, or one of the workspace's and installed ones."""
    if spec.source:
        return _in_place(spec)
    if spec.plugins:
        from minerva.layers.abstraction.plugins.snapshot import restore

        return restore(Path(spec.plugins), spec.algorithm)
    from minerva.layers.abstraction.plugins.catalogue import NOTED, discover

    noted = Path(spec.scratch).parent / NOTED  # beside the scratch folders, in the run folder
    return discover(Path(spec.workspace), noted).find(spec.algorithm)


def _in_place(spec: HostSpec) -> Algorithm:
    """Import the copy as if it lay where the plugin does, whose files may have changed meanwhile."""
    from minerva.layers.abstraction.plugins.importing import PACKAGE, import_source, module_name
    from minerva.layers.abstraction.plugins.plugin import brought_by
    from minerva.layers.abstraction.plugins.snapshot import PLUGIN
    from minerva.layers.abstraction.plugins.source import Source, candidates, read

    [copy] = candidates(Path(spec.plugins) / PLUGIN)
    kept = read(copy)
    source = Source(Path(spec.source), kept.digest, kept.files)
    module = import_source(module_name(PACKAGE, source.path), source)
    brought = brought_by(source.path.name, module).algorithms
    return next(one for one in brought if one.name == spec.algorithm)


def _context(spec: HostSpec, algorithm: Algorithm) -> Context:
    from minerva.layers.abstraction.plugins.parameters import read_parameters

    return Context(
        schema=Schema.parse(spec.schema),
        parameters=read_parameters(algorithm, spec.parameters),
        workspace=Path(spec.workspace),
        threads=spec.threads,
        allow_pickle=spec.allow_pickle,
    )
