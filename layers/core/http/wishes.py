"""What the query asks to be told beside each prediction, where the body has no place for that."""

from __future__ import annotations

from collections.abc import Collection

from flask import request

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.serving.wishes import NAMES, Wishes


def query_wishes(*others: str) -> Wishes:
    """Return the wishes of the query, which may hold `others` too. Raises InvalidInput."""
    known = (*others, *NAMES)
    for name in request.args:
        if name not in known:
            raise _misfit(name, f"not known here; known are {', '.join(known)}")
    return Wishes.read(_wanted, "")


def refuse_query(place: str, others: Collection[str] = ()) -> None:
    """Raise InvalidInput for what would be passed over with this body: wishes belong to `place`."""
    for name in NAMES:
        if name in request.args:
            raise _misfit(name, f"belongs to {place}")
    for name in others:
        if name in request.args:
            raise _misfit(name, "belongs to text/csv in the body")


def _wanted(name: str) -> bool:
    told = request.args.get(name, "false")
    if told not in {"true", "false"}:
        raise _misfit(name, "expected true or false")
    return told == "true"


def _misfit(where: str, message: str) -> InvalidInput:
    return InvalidInput("The request's parameters do not fit.", faults=[Fault(where, message)])
