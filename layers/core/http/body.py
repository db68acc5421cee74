"""Reading a request body: JSON objects only, every mistake named with its JSON pointer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
from flask import Request
from werkzeug.exceptions import (
    ClientDisconnected,
    RequestEntityTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)

from minerva.errors import Fault, InvalidBody, InvalidInput, TooLarge
from minerva.layers.abstraction.serving.question import Question
from minerva.layers.abstraction.serving.wishes import NAMES, Wishes
from minerva.layers.core.http.duplicates import is_exact, repeated_key
from minerva.schema import Decoder
from minerva.schema.columns import LateRecords
from minerva.schema.decoder import pointer
from minerva.spelling import doubt

ACCEPTED = ("application/json",)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_QUESTION = ("records", "keys", *NAMES)


def read_object(
    request: Request, members: Collection[str], *, may_be_empty: bool = False
) -> dict[str, Any]:
    """Return the JSON object that a request brings, `{}` for no body where that is allowed.

    Raises InvalidBody, TooLarge, or UnsupportedMediaType (415).
    """
    body = read_bytes(request)
    if not body and may_be_empty:
        return {}
    check_content_type(request)
    value = decode(body)
    if not isinstance(value, dict):
        fault = Fault("", "expected an object")
        raise InvalidBody("The body is not a JSON object.", faults=[fault])
    strangers = [
        Fault(f"/{pointer(name)}", _unknown(name, members)) for name in value if name not in members
    ]
    if strangers:
        raise InvalidBody("The body has members that are not known here.", faults=strangers[:20])
    return value


def read_question(request: Request, max_records: int) -> Question:
    """Return what a predict call asks. Raises as `read_object`, and InvalidInput."""
    value = read_object(request, _QUESTION)
    for name in NAMES:
        if not isinstance(value.get(name, False), bool):
            raise _misfit(f"/{name}", "expected true or false")
    wishes = Wishes.read(lambda name: value.get(name, False), "/")
    present = [name for name in ("records", "keys") if name in value]
    if len(present) != 1:
        raise _misfit("", "expected exactly one of records and keys")
    name = present[0]
    items = value[name]
    if not isinstance(items, list):
        raise _misfit(f"/{name}", "expected an array")
    if not items:
        raise _misfit(f"/{name}", "is empty; send at least one")
    if len(items) > max_records:
        message = f"has {len(items)} entries, {max_records} are allowed; send several calls"
        raise TooLarge("These are too many at once.", faults=[Fault(f"/{name}", message)])
    if name == "records":
        return Question(items, wishes=wishes)
    return _by_keys(items).wishing(wishes)


def read_straight(body: bytes, decoder: Decoder, max_records: int) -> Question | None:
    """Return what `read_question` and the decoder would make of a body, None if it is unusual."""
    found = decoder.straight.read(body)
    if found is None or len(found.batch) > max_records or not is_exact(body, found.members):
        return None
    records = LateRecords(len(found.batch), lambda: msgspec.json.decode(body)["records"])
    return Question(records, batch=found.batch)


def decode(body: bytes) -> Any:
    """Return what a JSON document (UTF-8) says. Raises InvalidBody; values are never repeated."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    if not body.strip():
        raise InvalidBody("The body is empty: send a JSON object.")
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise InvalidBody("The body is nested too deep to be read.") from None
    except UnicodeDecodeError as error:
        raise InvalidBody("The body is not UTF-8 text: send JSON in UTF-8.") from error
    except msgspec.DecodeError as error:
        raise InvalidBody(_why(str(error))) from error
    repeated = repeated_key(body, value)
    if repeated is not None:
        fault = Fault(repeated, "stands here a second time")
        raise InvalidBody("The body repeats a key.", faults=[fault])
    return value


def read_bytes(request: Request) -> bytes:
    """Return the body. Raises InvalidBody if it ends too early, TooLarge."""
    limit = request.max_content_length or 0
    if request.content_length is None:
        # a chunked body is cut at the limit without a word: the byte after it tells that there is more
        request.max_content_length = limit + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        body = None
    except (ClientDisconnected, OSError) as error:
        raise broken_off(error) from None
    if body is None or len(body) > limit:
        raise TooLarge(f"The body is larger than {limit} bytes: send several calls.")
    return body


def broken_off(error: Exception) -> Exception:
    """Return what to tell of a body that could not be read to its end."""
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return RequestTimeout("The body did not come in time (setting caller_timeout_s).")
    return InvalidBody("The body ended before its announced length.")


def check_content_type(request: Request, accepted: Collection[str] = ACCEPTED) -> None:
    """Raise UnsupportedMediaType for a body of another kind; an empty one stands for none named."""
    charset = request.mimetype_params.get("charset", "utf-8").lower().replace("_", "-")
    if request.mimetype not in accepted or charset not in {"utf-8", "utf8", "us-ascii"}:
        kinds = " or ".join(filter(None, accepted))
        raise UnsupportedMediaType(f"Send the header Content-Type: {kinds} (UTF-8).")


def _why(message: str) -> str:
    """Turn the decoder's words into a sentence of ours; it names a byte, never a value."""
    if "truncated" in message:
        return "The body is not complete JSON: it ends too early."
    if "surrogate" in message:
        return "The body holds half of a surrogate pair, which is no text."
    if "out of range" in message:
        return "The body holds a number that is too large for a 64-bit float."
    place = message.partition("(")[2].rstrip(")")
    at = f" at {place}" if place.startswith("byte") else ""
    return f"The body is not valid JSON{at}; NaN, Infinity and comments are not JSON either."


def _by_keys(items: list[Any]) -> Question:
    faults = [
        Fault(f"/keys/{position}", "expected text or integer")
        for position, key in enumerate(items)
        if type(key) is not str and type(key) is not int
    ]
    if faults:
        raise InvalidInput("Some keys are neither text nor integer.", faults=faults[:20])
    return Question(None, items)


def _unknown(name: str, members: Collection[str]) -> str:
    if not members:
        return "not known here; this call takes an empty object"
    listed = ", ".join(members)
    return f"not known here{doubt(name, members, f'known are {listed}')}"


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("The body does not fit this call.", faults=[Fault(where, message)])
