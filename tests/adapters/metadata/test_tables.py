"""What a column keeps, and what it refuses to keep."""

from dataclasses import replace
from datetime import datetime

import pytest

from minerva.errors import InvalidInput
from minerva.testing.job_stores import a_job
from minerva.testing.registry_stores import NOW, a_version


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}])
def test_what_is_not_json_is_refused(stores, value):
    with pytest.raises(InvalidInput, match="not JSON"):
        stores.versions.register(replace(a_version(), manifest={"value": value}))

    assert stores.versions.list("acme", "churn") == []
    assert stores.revision.current() == 0


def test_json_comes_back_as_it_was(stores):
    manifest = {"z": "ä\ud83d\ude00\x00", "a": [1.5, 10**30, True, None, {}], "": {"b": 1, "a": 2}}

    stores.versions.register(replace(a_version(), manifest=manifest))

    kept = stores.versions.get("acme", "churn", 1).manifest
    assert kept == manifest | {"z": "ä😀\x00"}
    assert list(kept) == ["z", "a", ""]
    assert list(kept[""]) == ["b", "a"]


def test_a_time_without_a_zone_is_refused(stores):
    with pytest.raises(InvalidInput, match="time zone"):
        stores.configurations.declare("acme", "churn", "d", {}, "ann", datetime(2026, 3, 1))


def test_a_text_that_no_database_can_keep_is_refused(stores):
    with pytest.raises(InvalidInput, match="cannot keep a value"):
        stores.configurations.declare("acme", "churn", "d", {}, "half a \ud800", NOW)


def test_a_number_beyond_the_database_is_refused_or_not_found(sqlite_url, open_stores):
    with pytest.raises(InvalidInput, match="too large"):
        open_stores(sqlite_url).versions.get("acme", "churn", 2**70)


def test_postgresql_refuses_a_nul_and_too_long_a_key(postgresql_url, open_stores):
    stores = open_stores(postgresql_url)

    with pytest.raises(InvalidInput):
        stores.jobs.submit(replace(a_job(), request_id="a\x00b"))
    with pytest.raises(InvalidInput):
        stores.jobs.submit(a_job(key="".join(f"{n:x}" for n in range(20_000))))

    assert stores.jobs.list("acme") == []
