"""`extends:`: a service file that says only what differs from another file.

Mappings are merged member by member, at any depth; any other value takes the place of the base's, and null
takes it away. Of several bases the later one counts more. A base may extend others. It need not be a
service: below a folder of `services/` it is none, and whoever extends it adds what it lacks. With `share:
nobody` nobody extends it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.services.yaml_file import YamlFile, read_yaml
from minerva.spelling import doubt

EXTENDS = "extends"
MAX_FILES = 100
"""Two bases each, ten deep, would be a thousand."""
SHARE, NOBODY = "share", "nobody"
OWN = (EXTENDS, SHARE, "service", "reason", "tenants")
"""Members that nobody inherits."""


@dataclass(frozen=True)
class Extended:
    """What a file says together with all that it extends."""

    value: Any
    files: tuple[YamlFile, ...]
    """The file itself first, then its bases, each with its own: what counts more stands first."""
    bases: tuple[tuple[YamlFile, YamlFile], ...] = ()
    """Who extends whom."""

    def locate(self, pointer: str) -> str:
        """Return `file:line` of a JSON pointer: in the first file that says it, or what is around it."""
        while pointer:
            for file in self.files:
                if pointer in file.lines:
                    return file.locate(pointer)
            pointer = pointer.rpartition("/")[0]
        return self.files[0].locate("")


def read_extended(path: Path) -> Extended:
    """Read a file and its bases. Raises InvalidConfiguration that names file and line."""
    return _read(path, path.resolve().parent, ())


def merged(base: Any, own: Any) -> Any:
    """Return what `own` says on top of `base`."""
    if not (isinstance(base, Mapping) and isinstance(own, Mapping)):
        return own
    together = {**base}
    for name, value in own.items():
        if value is None:
            together.pop(name, None)
        else:
            together[name] = merged(base.get(name), value)
    return together


def _read(path: Path, folder: Path, above: tuple[Path, ...]) -> Extended:
    """Read a file that those `above` extend; all lie below `folder`."""
    file, above = read_yaml(path), (*above, path.resolve())
    files, bases = [file], []
    inherited: Any = None
    for name in _named(file):
        base = _read(_base(file, name, folder, above), folder, above)
        _refuse_unshared(file, base.files[0])
        parts = {name: one for name, one in _mapping(base.value).items() if name not in OWN}
        inherited = parts if inherited is None else merged(inherited, parts)
        files[1:1] = base.files
        bases += [(file, base.files[0]), *base.bases]
        if len(files) > MAX_FILES:
            raise _refused(file, f"is made of more than {MAX_FILES} files")
    value = file.value
    if isinstance(value, Mapping):
        value = {name: one for name, one in value.items() if name != EXTENDS}
    return Extended(merged(inherited, value), tuple(files), tuple(bases))


def _named(file: YamlFile) -> Sequence[Any]:
    wanted = _mapping(file.value).get(EXTENDS)
    if wanted is None:
        return ()
    return wanted if isinstance(wanted, list) and wanted else [wanted]


def _base(file: YamlFile, wanted: Any, folder: Path, above: tuple[Path, ...]) -> Path:
    if not isinstance(wanted, str) or not wanted:
        raise _refused(file, "expected a file, the name of a service, or a list of these")
    name = wanted if wanted.endswith((".yaml", ".yml")) else f"{wanted}.yaml"
    path = file.path.parent / name
    if not path.resolve().is_relative_to(folder):
        raise _refused(file, f"{wanted} is outside of {folder.name}/")
    if not path.is_file():
        there = [one.stem for one in path.parent.glob("*.yaml") if one != file.path]
        said = doubt(path.stem, there)
        raise _refused(file, f"there is no {name} beside {file.path.name}{said}")
    if path.resolve() in above:
        round_ = " → ".join(one.name for one in (*above, path))
        raise _refused(file, f"goes round in a circle: {round_}")
    return path


def _refuse_unshared(file: YamlFile, base: YamlFile) -> None:
    if _mapping(base.value).get(SHARE) == NOBODY:
        raise _refused(file, f"{base.path.name} is shared with nobody")


def _refused(file: YamlFile, message: str) -> InvalidConfiguration:
    fault = Fault(file.locate(f"/{EXTENDS}"), f"extends: {message}")
    return InvalidConfiguration(f"{file.path.name} cannot be extended so.", faults=[fault])


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}
