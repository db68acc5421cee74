"""Reading why somebody changes the registry, from a body's member `reason`."""

from __future__ import annotations

from typing import Any

from minerva.errors import Fault, InvalidInput

MAX_REASON = 500


def read_reason(body: dict[str, Any]) -> str:
    """Return the reason, empty if none is given. Raises InvalidInput."""
    reason = body.get("reason", "")
    if not isinstance(reason, str) or len(reason) > MAX_REASON:
        raise _misfit(f"expected text of at most {MAX_REASON} characters")
    return reason.strip()


def demand_reason(body: dict[str, Any]) -> str:
    """Return the reason, which whoever is refused later will be told. Raises InvalidInput."""
    reason = read_reason(body)
    if not reason:
        raise _misfit("is missing" if "reason" not in body else "is empty")
    return reason


def _misfit(message: str) -> InvalidInput:
    return InvalidInput("The body does not fit this call.", faults=[Fault("/reason", message)])
