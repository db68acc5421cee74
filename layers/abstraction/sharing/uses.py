"""Who uses something: a service, a part, an algorithm, a plugin, a data source, a tenant's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minerva.errors import InvalidConfiguration, NotFound
from minerva.layers.abstraction.flows.among import asked
from minerva.layers.abstraction.services.extending import EXTENDS, Extended, read_extended
from minerva.layers.abstraction.services.folder import service_files
from minerva.spelling import question

_REFERENCE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Use:
    """One place where something is used."""

    name: str
    """What is used."""
    service: str
    """Who uses it."""
    how: str
    where: str
    """`file:line`."""


def uses(workspace: Path, name: str, origins: Mapping[str, str]) -> list[Use]:
    """Return who uses `name`, in the order of the files; `origins`: algorithm → its plugin.

    Nobody is an answer too, for an algorithm, a plugin or a service that is there. Raises NotFound
    for what is none of these, and what nobody uses.
    """
    found: list[Use] = []
    known = {*origins, *origins.values()}
    for path in service_files(workspace):
        try:
            file = read_extended(path)
        except InvalidConfiguration:  # it is told elsewhere, with file and line
            continue
        known.add(path.stem)
        found.extend(_of_file(file, origins))
    wanted = [one for one in found if _is(one.name, name)]
    if not wanted and not any(_is(one, name) for one in known):
        names = sorted({*known, *(one.name for one in found)})
        raise NotFound(f"Nothing here is called {name!r}.{question(name, names)}")
    return wanted


def _is(called: str, name: str) -> bool:
    """Whether a thing is meant: plugins and parts also without folder and suffix."""
    bare = called.removesuffix(".yaml").removesuffix(".yml").removesuffix(".py")
    return name in {called, bare, bare.rpartition("/")[2] if "://" not in called else called}


def _of_file(file: Extended, origins: Mapping[str, str]) -> Iterator[Use]:
    value: Mapping[str, Any] = file.value if isinstance(file.value, Mapping) else {}
    service = str(value.get("service") or file.files[0].path.stem)
    top = file.files[0].path.resolve().parent
    for user, base in file.bases:
        name = base.path.resolve().relative_to(top).as_posix()
        yield Use(name, service, "extends it", user.locate(f"/{EXTENDS}"))
    for name, how, pointer in _named(value, origins):
        yield Use(name, service, how, file.locate(pointer))


def _named(value: Mapping[str, Any], origins: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield what a service's declaration names: the thing, how it is used, and a JSON pointer."""
    algorithm = value.get("algorithm")
    if isinstance(algorithm, str):
        yield algorithm, "is made with it", "/algorithm"
        if algorithm in origins:
            yield origins[algorithm], f"is made with its algorithm {algorithm}", "/algorithm"
    if isinstance(value.get("versions_of"), str):
        yield value["versions_of"], "answers with its versions", "/versions_of"
    for other in asked(value):
        yield other, "is made of it", "/parameters/steps"
    for tenant in _mapping(value.get("tenants")):
        yield str(tenant), "is this tenant's too", f"/tenants/{tenant}"
    for part in ("data", "batch"):
        for member, one in _mapping(value.get(part)).items():
            if member in {"path", "url"} and isinstance(one, str):
                how = "learns from it" if part == "data" else "writes batches there"
                yield one, how, f"/{part}/{member}"
                for reference in _REFERENCE.findall(one):
                    yield reference, f"{how}, by the environment", f"/{part}/{member}"


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
