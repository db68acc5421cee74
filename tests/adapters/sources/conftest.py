"""Customers in files and databases."""

from __future__ import annotations

import pytest

from minerva.adapters.sources import open_source
from minerva.layers.abstraction.services.declaration import DataDeclaration
from minerva.testing.adapters import CUSTOMERS

CREATE = "create table customers (id text primary key, tenure integer, charges double precision)"
INSERT = "insert into customers values (:id, :tenure, :charges)"


@pytest.fixture
def opened():
    """Open sources that are closed at the end."""
    sources = []

    def open_one(workspace, timeout_s=60.0, **declared):
        sources.append(open_source(DataDeclaration(**declared), workspace, timeout_s))
        return sources[-1]

    yield open_one
    for source in sources:
        source.close()


@pytest.fixture
def fill():
    """Make the customers' table in a database."""
    from sqlalchemy import create_engine, text

    def fill_database(url, customers=CUSTOMERS):
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text(CREATE))
            for customer in customers:
                values = dict(zip(("id", "tenure", "charges"), customer, strict=True))
                connection.execute(text(INSERT), values)
        engine.dispose()
        return url

    return fill_database


@pytest.fixture
def sqlite_data(tmp_path, fill):
    return fill(f"sqlite:///{tmp_path / 'legacy.db'}")


@pytest.fixture
def postgresql_data(postgresql, fill):
    url = postgresql.database()
    yield fill(url)
    postgresql.drop(url)


@pytest.fixture(params=["sqlite_data", "postgresql_data"])
def data_url(request):
    return request.getfixturevalue(request.param)
