"""One line of NDJSON, which is one JSON object.

https://github.com/ndjson/ndjson-spec
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from minerva.layers.abstraction.formats.chunk import NoRecord
from minerva.schema.value import kind

LONGEST_LINE = 1024 * 1024
"""Bytes: a longer one is no record of a table, and must not fill the memory."""


class NotJson(NoRecord):
    """A line is no JSON."""


class NotObject(NoRecord):
    """A line is JSON, and no object."""


def read_object(line: bytes, *, once: bool = False) -> dict[str, Any]:
    """Return the object of a line; `once`: refuse a member that stands in it twice, as in a body.

    Raises NotJson or NotObject.
    """
    try:
        value = msgspec.json.decode(line)
        if once:
            json.loads(line, object_pairs_hook=_once)
    except NotJson:
        raise
    except RecursionError:
        raise NotJson("is nested too deep to be read") from None
    except UnicodeDecodeError:
        raise NotJson("is not utf-8 text") from None
    except (msgspec.DecodeError, ValueError) as error:
        message = "ends too early to be JSON" if "truncated" in str(error) else "is not valid JSON"
        raise NotJson(message) from None
    if not isinstance(value, dict):
        raise NotObject(f"expected an object, got {kind(value)}")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise NotJson("has a member twice")
    return record
