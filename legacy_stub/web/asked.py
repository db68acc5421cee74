"""Reading what somebody asked for in an address; nonsense reads as the default."""

from collections.abc import Mapping

from legacy_stub.customers import CONTRACTS, Search
from legacy_stub.risk import Band

LOWEST_THRESHOLD, HIGHEST_THRESHOLD, USUAL_THRESHOLD = 10, 95, 60  # percent
_LONGEST_TEXT = 100
_MOST_DIGITS = 9


def search_from(args: Mapping[str, str]) -> Search:
    """The search for customers: `q`, `contract`, `band`, `sort` and `page`."""
    contract, band = args.get("contract", ""), args.get("band", "")
    return Search(
        text=args.get("q", "")[:_LONGEST_TEXT],
        contract=contract if contract in CONTRACTS else "",
        band=Band(band) if band in set(Band) else None,
        by_name=args.get("sort") == "name",
        page=whole(args.get("page"), 1),
    )


def threshold_from(args: Mapping[str, str]) -> int:
    """The campaign's `threshold` in percent."""
    wanted = whole(args.get("threshold"), USUAL_THRESHOLD)
    return min(max(wanted, LOWEST_THRESHOLD), HIGHEST_THRESHOLD)


def whole(text: str | None, default: int) -> int:
    """A whole number that is not negative."""
    if text is None or not (text.isascii() and text.isdecimal()):
        return default
    return int(text) if len(text) <= _MOST_DIGITS else 10**_MOST_DIGITS
