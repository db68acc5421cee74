"""Reading a YAML file together with the line of every value, so that a mistake can be pointed at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from minerva.errors import Fault, InvalidConfiguration

MAX_BYTES = 1024 * 1024
BOOLEAN, TEXT = "tag:yaml.org,2002:bool", "tag:yaml.org,2002:str"
MAX_VALUES = 100_000
"""A small file can stand for billions of values, by aliases of aliases."""


@dataclass(frozen=True)
class YamlFile:
    """A parsed file: plain values, and JSON pointer → line (from 1)."""

    path: Path
    value: Any
    lines: Mapping[str, int]

    def locate(self, pointer: str) -> str:
        """Return `file:line` of a JSON pointer, or of the nearest value around it."""
        while pointer and pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return f"{self.path.name}:{self.lines.get(pointer, 1)}"


class _Loader(yaml.SafeLoader):
    """Tells the line of a value that looks like a date or a number and is none."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - the library's signature
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error


def read_yaml(path: Path) -> YamlFile:
    """Read one document. Raises InvalidConfiguration that names file and line.

    Duplicate keys, anchors that refer to themselves, files above 1 MiB and files that stand for more
    than 100,000 values are refused.
    """
    text = _text(path)
    try:
        value, lines = _parse(text, path)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line, what = _explain(error)
        raise InvalidConfiguration(
            f"{path.name} is not valid YAML.", faults=[_fault(path, line, what)]
        ) from error
    return YamlFile(path, value, lines)


def _parse(text: str, path: Path) -> tuple[Any, Mapping[str, int]]:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise InvalidConfiguration(
                f"{path.name} is empty.", faults=[_fault(path, 1, "is empty")]
            )
        lines: dict[str, int] = {}
        _walk(node, "", lines, path, frozenset())
        return loader.construct_document(node), lines
    finally:
        loader.dispose()


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidConfiguration(f"{path.name} is larger than {MAX_BYTES} bytes.")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidConfiguration(f"{path.name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidConfiguration(f"{path.name} is not UTF-8 text.") from error


def _walk(
    node: yaml.Node, pointer: str, lines: dict[str, int], path: Path, inside: frozenset[int]
) -> None:
    lines.setdefault(pointer, node.start_mark.line + 1)
    if id(node) in inside:
        raise yaml.MarkedYAMLError(problem="a value contains itself", problem_mark=node.start_mark)
    if len(lines) > MAX_VALUES:
        raise yaml.YAMLError(f"stands for more than {MAX_VALUES} values")
    inside = inside | {id(node)}
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, f"{pointer}/{index}", lines, path, inside)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is text", problem_mark=key.start_mark)
            if key.tag == BOOLEAN:  # a name is never true or false: `on` and `no` are names
                key.tag = TEXT
            line = key.start_mark.line + 1
            if key.value in seen:
                fault = _fault(path, line, f"{key.value!r} stands here a second time")
                raise InvalidConfiguration(f"{path.name} repeats a key.", faults=[fault])
            seen.add(key.value)
            below = f"{pointer}/{key.value}"
            lines[below] = line
            _walk(item, below, lines, path, inside)


def _explain(error: Exception) -> tuple[int, str]:
    if isinstance(error, RecursionError):
        return 1, "is nested too deep"
    mark = getattr(error, "problem_mark", None)
    what = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return (mark.line + 1 if mark else 1), what


def _fault(path: Path, line: int, message: str) -> Fault:
    return Fault(f"{path.name}:{line}", message)
