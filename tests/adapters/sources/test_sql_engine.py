"""Connections that cannot write, also where the driver has no option for it."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from minerva.adapters.sources.sql_engine import on_connect


def test_a_statement_that_every_connection_runs_first_makes_it_read_only(sqlite_data):
    engine = on_connect(create_engine(sqlite_data), "pragma query_only = on")

    for _ in range(2):
        with engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
            connection.execute(text("delete from customers"))

    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from customers")).scalar_one() == 5
    engine.dispose()
