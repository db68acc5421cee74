"""Where a version shall run, and with which libraries: what the algorithm and the service say together."""

from __future__ import annotations

from typing import Any, Literal

from minerva.algorithm import Algorithm, MadeOfSteps
from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.plugins.catalogue import Catalogue, provenance
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.services.declaration import ServiceDeclaration

Runtime = Literal["inline", "process"]


def requirements(algorithm: Algorithm, declaration: ServiceDeclaration) -> tuple[str, ...]:
    """Return the libraries that must be installed for it, as pip names them; the service's last."""
    return tuple(dict.fromkeys((*algorithm.requirements, *declaration.requirements)))


def runtime(algorithm: Algorithm, declaration: ServiceDeclaration) -> Runtime:
    """Return where its models run. Libraries of their own need a process of their own."""
    if requirements(algorithm, declaration):
        return "process"
    return declaration.serving.runtime or algorithm.runtime


def trains_apart(algorithm: Algorithm, declaration: ServiceDeclaration) -> bool:
    """Tell whether its training needs a process that is confined: where a model is served, it is made."""
    return runtime(algorithm, declaration) == "process"


def check_runtime(algorithm: Algorithm, declaration: ServiceDeclaration) -> None:
    """Raise InvalidConfiguration if the service wants inline what cannot be."""
    needed = requirements(algorithm, declaration)
    if declaration.serving.runtime == "inline" and needed:
        message = f"cannot be inline: {needed[0]} needs an environment of its own; leave it out"
        raise InvalidConfiguration(
            f"Algorithm {algorithm.name} cannot run inline here.",
            faults=[Fault("/serving/runtime", message)],
        )


def needs_data(catalogue: Catalogue, declaration: ServiceDeclaration) -> bool:
    """Tell whether a version is learnt from data. Raises InvalidConfiguration."""
    algorithm = catalogue.find(declaration.algorithm)
    if not isinstance(algorithm, MadeOfSteps):
        return algorithm.needs_data
    return algorithm.learns(_parameters(algorithm, declaration), catalogue.steps())


def repeatable(catalogue: Catalogue, declaration: ServiceDeclaration) -> bool:
    """Tell whether a version can prove itself by goldens. Raises InvalidConfiguration."""
    algorithm = catalogue.find(declaration.algorithm)
    if not isinstance(algorithm, MadeOfSteps):
        return True
    return algorithm.repeats(_parameters(algorithm, declaration), catalogue.steps())


def origin(catalogue: Catalogue, declaration: ServiceDeclaration) -> dict[str, str]:
    """Return where a service's algorithm comes from, and the steps that it is made of."""
    algorithm = catalogue.find(declaration.algorithm)
    told = provenance(catalogue, algorithm.name)
    if not isinstance(algorithm, MadeOfSteps):
        return told
    kinds = algorithm.kinds(_parameters(algorithm, declaration))
    sources = [catalogue.source_of_step(role, name) for role, name in kinds]
    digests = sorted({source.digest for source in sources if source is not None})
    return told | ({"steps": " ".join(digests)} if digests else {})


def _parameters(algorithm: Algorithm, declaration: ServiceDeclaration) -> Any:
    return read_parameters(algorithm, declaration.parameters)


def facts(algorithm: Algorithm) -> dict[str, Any]:
    """Return what a manifest keeps, so that a version is placed without importing its plugin."""
    return {
        "runtime": algorithm.runtime,
        "thread_safe": algorithm.thread_safe,
        "network": algorithm.network,
    }
