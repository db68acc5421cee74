"""Finding customers: one by id, or a page of them by search, filter and risk."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, func, select

from legacy_stub.people import folded
from legacy_stub.risk import Band, band_of
from legacy_stub.sidecar import Value
from legacy_stub.tables import FEATURES, LABEL, churn_scores, customers

CONTRACTS = ("Month-to-month", "One year", "Two year")
PER_PAGE = 25
_CUSTOMER_ID = re.compile(r"C-[0-9]{5,9}")

Found: TypeAlias = "Select[*tuple[Any, ...]]"
FoundRow: TypeAlias = "Row[*tuple[Any, ...]]"


@dataclass(frozen=True, slots=True)
class Score:
    """What the last scoring of everyone said of one customer."""

    churn: str
    probability: float | None
    version: str | None
    degraded: bool
    request_id: str
    scored_at: dt.datetime

    @property
    def band(self) -> Band | None:
        """The band of the probability, if there is one."""
        return band_of(self.probability)


@dataclass(frozen=True, slots=True)
class Customer:
    """A subscriber: who they are, the 19 facts about them, past behaviour, stored score."""

    customer_id: str
    name: str
    email: str
    churn: str
    features: Mapping[str, Value]
    score: Score | None

    def record(self) -> dict[str, Value]:
        """What the sidecar is told: the key and the facts, never the name or the address."""
        return {"customer_id": self.customer_id, **self.features}


@dataclass(frozen=True, slots=True)
class Search:
    """What somebody looks for; empty fields look for everything."""

    text: str = ""
    contract: str = ""
    band: Band | None = None
    by_name: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """One page of what was found, and how much there is."""

    customers: list[Customer]
    number: int
    pages: int
    total: int


def find(engine: Engine, customer_id: str) -> Customer | None:
    """The customer of that id, if there is one."""
    if not _CUSTOMER_ID.fullmatch(customer_id):
        return None  # also keeps out what a database would choke on, such as NUL
    with engine.connect() as connection:
        row = connection.execute(
            everyone().where(customers.c.customer_id == customer_id)
        ).one_or_none()
    return None if row is None else customer_from(row)


def search(engine: Engine, wanted: Search) -> Page:
    """The page that `wanted` asks for, or the last one when it asks for more than there are."""
    found = _matching(wanted)
    with engine.connect() as connection:
        total = _size(connection, found)
        pages = max(1, -(-total // PER_PAGE))
        number = min(max(1, wanted.page), pages)
        rows = connection.execute(
            _sorted(found, by_name=wanted.by_name).limit(PER_PAGE).offset((number - 1) * PER_PAGE)
        ).all()
    return Page([customer_from(row) for row in rows], number, pages, total)


def each(engine: Engine, size: int) -> Iterator[list[Customer]]:
    """All customers in the order of their ids, `size` at a time."""
    last = ""
    while True:
        with engine.connect() as connection:
            rows = connection.execute(
                everyone()
                .where(customers.c.customer_id > last)
                .order_by(customers.c.customer_id)
                .limit(size)
            ).all()
        if not rows:
            return
        chunk = [customer_from(row) for row in rows]
        last = chunk[-1].customer_id
        yield chunk


def everyone() -> Found:
    """All customers with their stored scores, as a query to narrow down."""
    scores = [column.label(f"score_{column.name}") for column in churn_scores.c]
    joined = customers.outerjoin(
        churn_scores, customers.c.customer_id == churn_scores.c.customer_id
    )
    return select(*customers.c, *scores).select_from(joined)


def in_band(band: Band) -> ColumnElement[bool]:
    """The condition that a stored score falls into `band`."""
    low, high = band.limits
    return and_(churn_scores.c.probability >= low, churn_scores.c.probability < high)


def customer_from(row: FoundRow) -> Customer:
    """The customer in one row of `everyone()`."""
    known = row._asdict()
    return Customer(
        customer_id=known["customer_id"],
        name=known["name"],
        email=known["email"],
        churn=known[LABEL],
        features={name: known[name] for name in FEATURES},
        score=_score(known),
    )


def _score(known: Mapping[str, Any]) -> Score | None:
    if known["score_customer_id"] is None:
        return None
    return Score(
        churn=known["score_churn"],
        probability=known["score_probability"],
        version=known["score_version"],
        degraded=known["score_degraded"],
        request_id=known["score_request_id"],
        scored_at=known["score_scored_at"],
    )


def _matching(wanted: Search) -> Found:
    found = everyone()
    text = folded(wanted.text)
    if text:
        found = found.where(customers.c.search_key.contains(text, autoescape=True))
    if wanted.contract:
        found = found.where(customers.c.contract == wanted.contract)
    if wanted.band:
        found = found.where(in_band(wanted.band))
    return found


def _sorted(found: Found, *, by_name: bool) -> Found:
    """Riskiest first, the unscored last, and always in an order that paging can rely on."""
    if by_name:
        return found.order_by(customers.c.search_key, customers.c.customer_id)
    return found.order_by(churn_scores.c.probability.desc().nulls_last(), customers.c.customer_id)


def _size(connection: Connection, found: Found) -> int:
    counted = found.with_only_columns(func.count(), maintain_column_froms=True)
    return connection.execute(counted).scalar_one()
