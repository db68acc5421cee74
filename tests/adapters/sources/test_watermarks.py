"""Watermarks are read from a user's database: one value, read-only, for a bounded time."""

import time
from datetime import UTC, datetime

import pytest
from waiting import wait_until

from minerva.adapters.sources.watermarks import SqlWatermarks
from minerva.errors import InvalidConfiguration, InvalidData, Unavailable
from minerva.layers.abstraction.schedules.schedule import Declared, Watermark
from minerva.layers.abstraction.services.declaration import (
    DataDeclaration,
    WatermarkDeclaration,
)

DECLARED = Declared("default", "churn", "training.watermark", 1, datetime(2026, 3, 1, tzinfo=UTC))
NEVER_ENDS = {
    "sqlite": "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n",
    "postgresql": "select max(i) from generate_series(1, 10000000000) as i",
}


@pytest.fixture
def ask(tmp_path):
    """Ask a database a question."""

    def asked(url, query, every_s=60.0, environment=()):
        data = DataDeclaration(source="sql", url=url, query="select 1")
        declared = WatermarkDeclaration(query=query, every_s=every_s)
        return SqlWatermarks(tmp_path, dict(environment))(Watermark(DECLARED, data, declared))

    return asked


def test_a_value_is_text_that_changes_as_the_data_does(ask, data_url):
    assert ask(data_url, "select max(tenure) from customers") == "72"
    assert ask(data_url, "select max(id) from customers where tenure < 0") is None
    assert ask(data_url, "select id from customers where tenure < 0") is None
    assert ask(data_url, "select '50%'") == "50%"
    assert ask(data_url, f"select '{'a' * 201}'") != ask(data_url, f"select '{'a' * 202}'")
    assert len(ask(data_url, f"select '{'a' * 5000}'")) == 64


def test_times_and_exact_numbers_keep_all_their_digits(ask, postgresql_data):
    moment = "timestamptz '2026-03-01 12:30:15.123456+00'"

    asked = ask(postgresql_data, f"select {moment} at time zone 'UTC'")

    assert asked == "2026-03-01T12:30:15.123456"
    assert ask(postgresql_data, "select 12345678901234567890.12") == "12345678901234567890.12"
    assert ask(postgresql_data, "select '\\x00ff'::bytea") == "00ff"


def test_the_url_may_stand_in_the_environment(ask, sqlite_data):
    assert ask("${DB}", "select 1", environment={"DB": sqlite_data}) == "1"
    with pytest.raises(InvalidConfiguration, match="DB, which is not set"):
        ask("${DB}", "select 1")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("select id, tenure from customers", "A watermark is one value"),
        ("select id from customers", "A watermark is one value"),
        ("delete from customers", "writes, and Minerva only reads"),
        ("select max(updated) from nowhere", "fails on"),
        ("selct 1", "fails on"),
    ],
)
def test_what_is_no_watermark_is_told(ask, data_url, query, told):
    with pytest.raises(InvalidData, match=told):
        ask(data_url, query)

    assert ask(data_url, "select count(*) from customers") != "0"


def test_a_query_that_never_ends_is_given_up(ask, data_url):
    began = time.monotonic()

    with pytest.raises(Unavailable, match="cannot be read now"):
        ask(data_url, NEVER_ENDS[data_url.partition("+")[0].partition(":")[0]], every_s=1)

    assert time.monotonic() - began < 20


def test_a_database_that_is_away_is_told_so(ask):
    with pytest.raises(Unavailable, match="cannot be read now"):
        ask("postgresql://nobody@127.0.0.1:1/none", "select 1")


def test_a_locked_table_is_given_up(ask, postgresql_data):
    from sqlalchemy import create_engine, text

    engine = create_engine(postgresql_data)
    with engine.begin() as other:
        other.execute(text("lock table customers in access exclusive mode"))
        with pytest.raises(Unavailable, match="cannot be read now"):
            ask(postgresql_data, "select max(tenure) from customers", every_s=1)
    engine.dispose()

    wait_until(lambda: ask(postgresql_data, "select max(tenure) from customers") == "72")
