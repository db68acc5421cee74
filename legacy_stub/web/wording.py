"""How values read on a page: money, shares, moments, and the names of the facts."""

import datetime as dt
from typing import Any

from legacy_stub.customers import Customer
from legacy_stub.sidecar import Value

NOTHING = "\N{EN DASH}"

_SERVICES = {
    "phone_service": "Phone",
    "multiple_lines": "Multiple lines",
    "internet_service": "Internet",
    "online_security": "Online security",
    "online_backup": "Online backup",
    "device_protection": "Device protection",
    "tech_support": "Tech support",
    "streaming_tv": "Streaming TV",
    "streaming_movies": "Streaming films",
}
_MONTHS_A_YEAR = 12


def money(amount: float | None) -> str:
    """Dollars and cents."""
    return NOTHING if amount is None else f"${amount:,.2f}"


def dollars(amount: float) -> str:
    """Whole dollars, for totals."""
    return f"${amount:,.0f}"


def percent(share: float | None) -> str:
    """A probability in percent, never rounded to certainty."""
    if share is None:
        return NOTHING
    rounded = round(share * 100)
    if rounded == 0:
        return "<1%"
    return ">99%" if rounded == 100 else f"{rounded}%"  # noqa: PLR2004 - percent


def yes_no(flag: Value) -> str:
    """A 0/1 fact in words."""
    return "Yes" if flag == 1 else "No"


def months(number: int) -> str:
    """A number of months, in years and months from one year on."""
    years, rest = divmod(number, _MONTHS_A_YEAR)
    if years == 0:
        return f"{rest} mo"
    return f"{years} y {rest} mo" if rest else f"{years} y"


def moment(at: dt.datetime | None) -> str:
    """A moment to the second, in UTC."""
    return NOTHING if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def services(customer: Customer) -> list[tuple[str, str, bool]]:
    """The services that can be booked: name, what is booked of it, and whether it is at all."""
    return [(label, *_booked(customer.features[name])) for name, label in _SERVICES.items()]


def _booked(value: Value) -> tuple[str, bool]:
    if value in {1, "Yes"}:
        return "Included", True
    if value == 0 or str(value).startswith("No"):
        return "Not booked", False
    return str(value), True


FILTERS: dict[str, Any] = {
    "money": money,
    "dollars": dollars,
    "percent": percent,
    "yes_no": yes_no,
    "months": months,
    "moment": moment,
    "services": services,
}
