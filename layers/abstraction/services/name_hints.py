"""What a column's name suggests: an identifier, personal data, a quantity that may be negative."""

from __future__ import annotations

import re

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_IDENTIFIERS = frozenset(
    {"id", "ids", "key", "uuid", "guid", "rownames", "rowid", "number", "no", "nr", "code", "index"}
)
_PERSONAL = frozenset(
    {
        "email", "mail", "phone", "telephone", "mobile", "fax", "name", "firstname", "lastname",
        "surname", "fullname", "forename", "username", "address", "street", "zip", "zipcode",
        "postcode", "birth", "birthday", "birthdate", "dob", "ssn", "passport", "iban", "ip",
    }
)  # fmt: skip
_NOT_A_PERSON = frozenset(
    {"product", "plan", "file", "host", "service", "campaign", "item", "brand"}
)
_MOMENTS = frozenset(
    {"time", "date", "datetime", "timestamp", "created", "at", "when", "day", "ordered", "sold"}
)
_TARGETS = frozenset(
    {
        "target", "label", "class", "outcome", "churn", "churned", "response", "survived", "default",
        "defaulted", "fraud", "converted", "bought", "left", "cancelled", "y",
    }
)  # fmt: skip
_SIGNED = frozenset(
    {
        "temp", "temperature", "latitude", "lat", "longitude", "lon", "lng", "balance", "delta",
        "change", "difference", "diff", "profit", "growth", "net", "margin", "return", "offset",
    }
)  # fmt: skip


def words(name: str) -> tuple[str, ...]:
    """Split `customerId`, `customer_id` and `Customer ID` alike, in lower case."""
    return tuple(word.lower() for word in _WORDS.findall(name))


def identifier(name: str) -> bool:
    """Whether a column of this name usually identifies a row."""
    found = words(name)
    return bool(found) and (found[-1] in _IDENTIFIERS or "".join(found) in _IDENTIFIERS)


def personal(name: str) -> bool:
    """Whether a column of this name usually tells who someone is."""
    found = set(words(name))
    if "name" in found and found & _NOT_A_PERSON:
        return False
    return bool(found & _PERSONAL) or "".join(words(name)) in _PERSONAL


def birth(name: str) -> bool:
    """Whether it is about age, which is personal and yet a fair input."""
    return bool(set(words(name)) & {"birth", "birthday", "birthdate", "dob"})


def happens(name: str) -> bool:
    """Whether a column of this name usually tells when a row happened."""
    return bool(set(words(name)) & _MOMENTS)


def target(name: str) -> bool:
    """Whether a column of this name is usually what shall be predicted."""
    found = words(name)
    return bool(found) and found[-1] in _TARGETS


def names_one(name: str) -> bool:
    """Whether it usually names one person or thing, as an id does and a code need not."""
    found = words(name)
    return bool(found) and found[-1] in {"id", "uuid", "guid"}


def signed(name: str) -> bool:
    """Whether a quantity of this name may be negative, whatever the present rows say."""
    return bool(set(words(name)) & _SIGNED)


def tells(name: str, target: str) -> bool:
    """Whether the name begins with the target's, as `churn_date` does for `churn`."""
    whole, part = words(name), words(target)
    if len(part) == 0 or len(whole) <= len(part) - 1 or whole == part:
        return False
    inflected = whole[len(part) - 1]
    return whole[: len(part) - 1] == part[:-1] and inflected in {
        part[-1], f"{part[-1]}ed", f"{part[-1]}d", f"{part[-1]}ing",
    }  # fmt: skip
