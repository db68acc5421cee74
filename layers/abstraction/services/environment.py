"""Expanding `${NAME}` in a declaration, as late as possible: the values may be secret."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.services.declaration import DataDeclaration

_REFERENCE = re.compile(r"\$\{(\w+)\}")


def expand(data: DataDeclaration, environment: Mapping[str, str]) -> DataDeclaration:
    """Return the declaration with `path` and `url` expanded.

    Raises InvalidConfiguration naming the first variable that is not set.
    """
    changed = {
        name: expand_text(value, environment, "data")
        for name in ("path", "url")
        if (value := getattr(data, name)) is not None
    }
    return msgspec.structs.replace(data, **changed)


def unset(data: DataDeclaration, environment: Mapping[str, str]) -> list[str]:
    """Return the variables that `expand` would miss."""
    named = [name for text in (data.path, data.url) for name in _REFERENCE.findall(text or "")]
    return [name for name in dict.fromkeys(named) if name not in environment]


def expand_text(text: str, environment: Mapping[str, str], part: str) -> str:
    """Return a text of one part of a declaration with its references expanded.

    Raises InvalidConfiguration naming the first variable that is not set.
    """

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environment:
            raise InvalidConfiguration(
                f"The service's {part} names the environment variable {name}, which is not set."
            )
        return environment[name]

    return _REFERENCE.sub(value, text)
