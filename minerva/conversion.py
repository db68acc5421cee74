"""What a converter refused, in plain words: every name that is misspelt, or else its first complaint."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import msgspec.inspect as kinds

from minerva.errors import Fault
from minerva.spelling import hint

LISTS = (kinds.ListType, kinds.VarTupleType, kinds.SetType, kinds.FrozenSetType)


def explained(error: msgspec.ValidationError, value: Any, kind: Any, where: str) -> list[Fault]:
    """Return why `value` at the JSON pointer `where` could not be converted to `kind`.

    Names that are unknown, of members and of choices, are each told at their own place.
    """
    unknown = list(_unknown(value, kinds.type_info(kind), where))
    if unknown:
        return unknown
    message, _, path = str(error).partition(" - at ")
    if "[...]" in path:  # some entry of a mapping, which the converter does not name
        found = list(_of_entry(value, kind, where))
        if found:
            return found
    below = "".join(f"/{step}" for step in re.findall(r"\w+", path))
    return [Fault(where + below, _plain(message))]


def _of_entry(value: Any, kind: Any, where: str) -> Iterator[Fault]:
    """Yield why the first entry that does not fit could not be converted."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return
    for name, hinted in get_type_hints(kind).items():
        entries = value.get(name) if isinstance(value, Mapping) else None
        if get_origin(hinted) is not dict or not isinstance(entries, Mapping):
            continue
        inner = get_args(hinted)[1]
        for key, one in entries.items():
            try:
                msgspec.convert(one, inner)
            except msgspec.ValidationError as error:
                yield from explained(error, one, inner, f"{where}/{name}/{key}")
                return


def _plain(message: str) -> str:
    return message.replace("Object missing required field", "missing member").replace("`", "'")


def _unknown(value: Any, kind: kinds.Type, where: str) -> Iterator[Fault]:
    match kind:
        case kinds.Metadata(type=inner):
            yield from _unknown(value, inner, where)
        case kinds.UnionType(types=types):
            fitting = [one for one in types if _holds(one, value)]
            if len(fitting) == 1:
                yield from _unknown(value, fitting[0], where)
        case kinds.StructType() if isinstance(value, Mapping):
            yield from _strangers(value, kind, where)
        case kinds.DictType(value_type=inner) if isinstance(value, Mapping):
            for name, one in value.items():
                yield from _unknown(one, inner, f"{where}/{name}")
        case kinds.LiteralType(values=choices) if isinstance(value, str) and value not in choices:
            yield Fault(where, f"unknown; {hint(value, map(str, choices))}")
        case _ if isinstance(kind, LISTS) and isinstance(value, list | tuple):
            for index, one in enumerate(value):
                yield from _unknown(one, kind.item_type, f"{where}/{index}")


def _strangers(value: Mapping[Any, Any], kind: kinds.StructType, where: str) -> Iterator[Fault]:
    known = {field.encode_name: field.type for field in kind.fields}
    for name, one in value.items():
        if name in known:
            yield from _unknown(one, known[name], f"{where}/{name}")
        elif kind.forbid_unknown_fields:
            yield Fault(f"{where}/{name}", f"unknown; {hint(str(name), known)}")


def _holds(kind: kinds.Type, value: Any) -> bool:
    """Whether a member of a union is the one that a value of this form is meant to be."""
    match value:
        case Mapping():
            return isinstance(kind, kinds.StructType | kinds.DictType)
        case list() | tuple():
            return isinstance(kind, LISTS)
        case str():
            return isinstance(kind, kinds.StrType | kinds.LiteralType)
        case _:
            return False
