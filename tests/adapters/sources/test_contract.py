"""Every source does what the port promises."""

from __future__ import annotations

import csv
import io
import json

import pandas as pd
import pytest

from minerva.testing.adapters import CUSTOMERS, DataSourceContract

COLUMNS = ("id", "tenure", "charges")
QUERY = "select id, tenure, charges from customers"
LOOKUP = f"{QUERY} where id = :key"


class TestCsv(DataSourceContract):
    @pytest.fixture
    def source(self, opened, tmp_path):
        text = io.StringIO(newline="")
        csv.writer(text).writerows([COLUMNS, *CUSTOMERS])
        (tmp_path / "customers.csv").write_text(text.getvalue(), encoding="utf-8")
        return opened(tmp_path, source="csv", path="customers.csv")

    @pytest.fixture
    def empty_source(self, opened, tmp_path):
        (tmp_path / "customers.csv").write_text("id,tenure,charges\n")
        return opened(tmp_path, source="csv", path="customers.csv")


class TestParquet(DataSourceContract):
    @pytest.fixture
    def source(self, opened, tmp_path):
        return self.write(CUSTOMERS, opened, tmp_path)

    @pytest.fixture
    def empty_source(self, opened, tmp_path):
        return self.write((), opened, tmp_path)

    def write(self, customers, opened, tmp_path):
        frame = pd.DataFrame(list(customers), columns=COLUMNS)
        frame.to_parquet(tmp_path / "customers.parquet")
        return opened(tmp_path, source="parquet", path="customers.parquet")


class TestNdjson(DataSourceContract):
    has_header = False

    @pytest.fixture
    def source(self, opened, tmp_path):
        lines = [json.dumps(dict(zip(COLUMNS, one, strict=True))) for one in CUSTOMERS]
        (tmp_path / "customers.ndjson").write_text("\n".join(lines), encoding="utf-8")
        return opened(tmp_path, source="ndjson", path="customers.ndjson")

    @pytest.fixture
    def empty_source(self, opened, tmp_path):
        (tmp_path / "customers.ndjson").write_text("\n\n")
        return opened(tmp_path, source="ndjson", path="customers.ndjson")


class SqlContract(DataSourceContract):
    has_lookup = True

    @pytest.fixture
    def source(self, opened, tmp_path, url):
        query = f"{QUERY} order by id <> 'a-1', id <> 'a-2', tenure <> 72, id"
        return opened(tmp_path, source="sql", url=url, query=query, lookup=LOOKUP)

    @pytest.fixture
    def empty_source(self, opened, tmp_path, url):
        query = f"{QUERY} where tenure < 0"
        return opened(tmp_path, source="sql", url=url, query=query, lookup=LOOKUP)


class TestSqlite(SqlContract):
    @pytest.fixture
    def url(self, sqlite_data):
        return sqlite_data


class TestPostgresql(SqlContract):
    @pytest.fixture
    def url(self, postgresql_data):
        return postgresql_data
