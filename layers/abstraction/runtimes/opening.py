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
    """Return the algorithm: the version's own copy, or one of the workspace's and installed ones."""
    if spec.plugins:
        from minerva.layers.abstraction.plugins.snapshot import restore

        return restore(Path(spec.plugins), spec.algorithm)
    from minerva.layers.abstraction.plugins.catalogue import discover

    return discover(Path(spec.workspace)).find(spec.algorithm)


def _context(spec: HostSpec, algorithm: Algorithm) -> Context:
    from minerva.layers.abstraction.serving.loading import read_parameters

    return Context(
        schema=Schema.parse(spec.schema),
        parameters=read_parameters(algorithm, spec.parameters),
        workspace=Path(spec.workspace),
        threads=spec.threads,
        allow_pickle=spec.allow_pickle,
    )
