"""How predictions turned out, as whoever knows it tells: by request and row, or by key and time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec

from minerva.errors import Fault, InvalidInput
from minerva.layers.abstraction.monitoring.record import LONGEST_KEY, key_text
from minerva.schema import Field
from minerva.schema.value import CheckValue, checker
from minerva.spelling import hint

WHERE = "/feedback"
MEMBERS = ("request_id", "row", "key", "at", "truth")
MAX_FAULTS = 20
LONGEST_ID = 256
MOST_ROW = 2**31 - 1
CLOCKS_DIFFER = timedelta(days=1)
"""So much may a caller's clock be ahead of ours."""


class Fate(StrEnum):
    """What became of a truth."""

    JOINED = "joined"
    CHANGED = "changed"
    """The record had another truth, which this one replaced."""
    UNCHANGED = "unchanged"
    """The record had it already."""
    UNKNOWN = "unknown"
    """There is no such record, or not yet."""
    AMBIGUOUS = "ambiguous"
    """Several different records have this request id and row."""


@dataclass(frozen=True, slots=True)
class Truth:
    """How one prediction turned out."""

    request_id: str | None
    row: int | None
    """None: 0, or any row of the request that has the key."""
    key: str | None
    """Without a request id: the newest prediction for it up to `at` is meant."""
    truth: str
    """JSON value of what a truth means, or an object where more was told."""
    at: datetime
    """When that was known."""
    dated: bool = True
    """Whether the caller said when; else it is when we were told."""


def read_truths(told: Sequence[Any], fields: Mapping[str, Field], now: datetime) -> list[Truth]:
    """Return what a call tells; `fields` are what a truth may hold, see `Live.truth`.

    Raises InvalidInput with a fault for each mistake, by its JSON pointer.
    """
    checks = {name: checker(field) for name, field in fields.items()}
    truths, faults = [], []
    for position, one in enumerate(told):
        where = f"{WHERE}/{position}"
        own = list(_faults(one, where, now))
        if not own:
            own = list(_untrue(one.get("truth"), f"{where}/truth", checks))
        faults += own
        if not own:
            truths.append(_truth(one, _held(one["truth"], fields), now))
    if faults:
        raise InvalidInput("The feedback does not fit this service.", faults=faults[:MAX_FAULTS])
    return truths


def _untrue(truth: Any, where: str, checks: Mapping[str, CheckValue]) -> Iterator[Fault]:
    """Yield what is wrong with a truth: a value, or an object of which the first member is needed."""
    first = next(iter(checks))
    if not isinstance(truth, Mapping):
        if (wrong := "is missing" if truth is None else checks[first](truth)) is not None:
            yield Fault(where, wrong)
        return
    for name, check in checks.items():
        value = truth.get(name)
        if value is None and name != first:
            continue
        if (wrong := "is missing" if value is None else check(value)) is not None:
            yield Fault(f"{where}/{name}", wrong)


def _held(truth: Any, fields: Mapping[str, Field]) -> Any:
    """Return what is kept of a truth: the value alone if nothing is told beside it."""
    if not isinstance(truth, Mapping):
        return truth
    held = {name: truth[name] for name in fields if truth.get(name) is not None}
    first = next(iter(fields))
    return held[first] if len(held) == 1 else held


def _truth(one: Mapping[str, Any], value: Any, now: datetime) -> Truth:
    key, at = one.get("key"), one.get("at")
    return Truth(
        request_id=one.get("request_id"),
        row=one.get("row"),
        key=None if key is None else key_text(key),
        truth=msgspec.json.encode(value).decode(),
        at=now if at is None else _moment(at),
        dated=at is not None,
    )


def _faults(one: Any, where: str, now: datetime) -> list[Fault]:
    if not isinstance(one, Mapping):
        return [Fault(where, "expected an object with request_id or key, and truth")]
    faults = [
        Fault(f"{where}/{name}", f"not known here; {hint(str(name), MEMBERS)}")
        for name in one
        if name not in MEMBERS
    ]
    request_id, key, row = one.get("request_id"), one.get("key"), one.get("row")
    if request_id is None and key is None:
        faults.append(Fault(where, "names neither request_id nor key"))
    if request_id is not None and not _is_text(request_id, LONGEST_ID):
        faults.append(
            Fault(f"{where}/request_id", f"expected text of 1 to {LONGEST_ID} characters")
        )
    if key is not None and type(key) is not int and not _is_text(key, LONGEST_KEY):
        faults.append(
            Fault(f"{where}/key", f"expected an integer, or text of 1 to {LONGEST_KEY} characters")
        )
    if row is not None and (type(row) is not int or not 0 <= row <= MOST_ROW):
        faults.append(Fault(f"{where}/row", "expected the row's place in the call, from 0"))
    if row is not None and request_id is None:
        faults.append(Fault(f"{where}/row", "belongs to a request_id"))
    return faults + _wrong_time(one.get("at"), f"{where}/at", now)


def _wrong_time(at: Any, where: str, now: datetime) -> list[Fault]:
    if at is None:
        return []
    try:
        moment = _moment(at)
    except (TypeError, ValueError, OverflowError):
        return [Fault(where, "expected a timestamp such as 2026-01-31T12:00:00Z")]
    return [Fault(where, "lies in the future")] if moment > now + CLOCKS_DIFFER else []


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and "\x00" not in value
