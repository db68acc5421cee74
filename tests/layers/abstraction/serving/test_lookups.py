"""Predictions by key: records come from the legacy product's own database."""

import random
import sqlite3
import threading
from dataclasses import replace

import pytest
from tiny import SCHEMA

from minerva.errors import DeadlineExceeded, InvalidConfiguration, InvalidInput, Unavailable
from minerva.layers.abstraction.serving.lookups import Lookups
from minerva.layers.abstraction.serving.question import Answer, Question

FLAG = {
    **SCHEMA,
    "inputs": {
        "x": {"type": "integer", "minimum": 0},
        "member": {"type": "boolean"},
        "plan": {"type": "category", "values": ["0", "1"]},
    },
}
SQL = {
    "source": "sql",
    "url": "sqlite:///legacy.db",
    "query": "select x, member, plan, y from customers where id like 'c-%'",
    "lookup": "select x, member, plan from customers where id = :key",
}


@pytest.fixture
def ask(container):
    """Look at the registry, then ask a service."""

    def asked(service="value", records=None, **question) -> Answer:
        container.live.refresh()
        return container.predictor.predict("default", service, Question(records, **question))

    return asked


@pytest.fixture
def legacy(workspace):
    """The legacy product's own database."""
    rows = [(f"c-{n}", f"{n}", "yes" if n % 2 else "no", n % 2, n * 2.0) for n in range(40)]
    rows += [("odd", "-1", "perhaps", 7, 0.0), ("empty", None, "no", 0, 0.0)]
    connection = sqlite3.connect(workspace / "legacy.db")
    connection.execute("create table customers (id, x, member, plan, y)")
    connection.executemany("insert into customers values (?, ?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()


def test_records_are_looked_up_by_key(ask, make, legacy):
    make(schema=FLAG, data=SQL)

    answer = ask(keys=["c-3", "c-5", "c-3"])

    assert answer.predictions == [
        {"id": "c-3", "y": pytest.approx(6)},
        {"id": "c-5", "y": pytest.approx(10)},
        {"id": "c-3", "y": pytest.approx(6)},
    ]


def test_unknown_keys_are_pointed_at(ask, make, legacy):
    make(schema=FLAG, data=SQL, serving={"default": {"y": 0.0}})

    with pytest.raises(InvalidInput) as caught:
        ask(keys=["c-1", "nobody", "c-2", 7])

    assert {fault.where: fault.message for fault in caught.value.faults} == {
        "/keys/1": "there is no record with this key",
        "/keys/3": "there is no record with this key",
    }


def test_at_most_twenty_unknown_keys_are_told(ask, make, legacy):
    make(schema=FLAG, data=SQL)

    with pytest.raises(InvalidInput) as caught:
        ask(keys=list(range(100)))
    assert len(caught.value.faults) == 20


def test_a_row_that_does_not_fit_is_pointed_at(ask, make, legacy, workspace):
    make(schema=FLAG, data=SQL)

    with pytest.raises(InvalidInput) as caught:
        ask(keys=["c-1", "odd", "empty"])

    assert {fault.where for fault in caught.value.faults} == {
        "/keys/1/x",
        "/keys/1/member",
        "/keys/1/plan",
        "/keys/2/x",
    }


@pytest.mark.parametrize("data", [None, {"source": "csv", "path": "data.csv"}])
def test_a_service_without_a_lookup_wants_records(ask, make, data):
    algorithm = "linear" if data else "fixed"
    make("value", algorithm, data=data)

    with pytest.raises(InvalidInput) as caught:
        ask(keys=["c-1"])
    assert caught.value.faults[0].where == "/keys"


class Away:
    """A database that does not answer."""

    def __init__(self, error=None, gate=None):
        self.error, self.gate = error, gate

    def lookup(self, keys):
        """Fail, or wait."""
        if self.gate is not None:
            self.gate.wait(30)
        raise self.error or Unavailable("The database is away.")


@pytest.mark.parametrize("deadline", [{}, {"deadline_ms": 20_000}])
def test_a_database_that_is_away_is_answered_for_by_the_default(make, container, legacy, deadline):
    make(schema=FLAG, data=SQL, serving={"default": {"y": 0.5}, **deadline})
    container.live.refresh()
    predictor = replace(container.predictor.inner, source_of=lambda live: Away())

    answer = predictor.predict("default", "value", Question(keys=["c-1", 2]))

    assert answer.predictions == [{"id": "c-1", "y": 0.5}, {"id": 2, "y": 0.5}]
    assert answer.degraded


def test_the_time_of_a_lookup_counts_for_the_deadline(make, container, legacy):
    make(schema=FLAG, data=SQL, serving={"deadline_ms": 50})
    container.live.refresh()
    gate = threading.Event()
    predictor = replace(container.predictor.inner, source_of=lambda live: Away(gate=gate))

    with pytest.raises(DeadlineExceeded):
        predictor.predict("default", "value", Question(keys=["c-1"]))
    gate.set()


def test_a_lookup_that_is_wrongly_declared_is_no_reason_for_a_default(make, container, legacy):
    make(schema=FLAG, data=SQL, serving={"default": {"y": 0.5}})
    container.live.refresh()
    error = InvalidConfiguration("`lookup` must have one bound parameter.")
    predictor = replace(container.predictor.inner, source_of=lambda live: Away(error))

    with pytest.raises(InvalidConfiguration):
        predictor.predict("default", "value", Question(keys=["c-1"]))


def test_a_source_stays_open_until_the_configuration_changes(declare, container):
    opened = []

    def open_source(data):
        opened.append(data)
        return Away()

    lookups = Lookups(open_source, {"DB": "legacy.db"})
    data = {**SQL, "url": "sqlite:///${DB}"}
    declare("value", schema=FLAG, data=data)
    declare("other", schema=FLAG, data=data)
    container.live.refresh()
    value, other = (container.live.find("default", name) for name in ("value", "other"))

    assert lookups(value) is lookups(value)
    assert lookups(other) is not lookups(value)
    changed = replace(value, revision=2)
    assert lookups(changed) is lookups(changed)
    assert len(opened) == 3
    assert opened[0].url == "sqlite:///legacy.db"


BY_MONTH = {
    "key": "id",
    "inputs": {
        "month": {"type": "timestamp", "use": False},
        "calls": {"type": "integer", "minimum": 0, "window": 3},
    },
    "output": {"y": {"type": "number"}},
}
LAST_MONTHS = {
    "source": "sql",
    "url": "sqlite:///months.db",
    "query": "select id, month, calls, y from months",
    "lookup": "select month, calls from months where id = :key order by month desc limit 3",
    "sequence": {"key": "id", "time": "month", "columns": ["calls"], "window": 3},
}


@pytest.fixture
def months(workspace):
    """What customers did, a row for each month, in no order; y tells how calls of two months differ."""
    chance = random.Random(0)
    rows = []
    for who in range(30):
        calls = [chance.randrange(20) for _ in range(6)]
        rows += [
            (f"c-{who}", f"2026-{month + 1:02}-01", calls[month], calls[month] - calls[month - 2])
            for month in range(6)
        ]
    rows.append(("new", "2026-06-01", 4, 0))
    chance.shuffle(rows)
    connection = sqlite3.connect(workspace / "months.db")
    connection.execute("create table months (id, month, calls, y)")
    connection.executemany("insert into months values (?, ?, ?, ?)", rows)
    connection.commit()
    connection.close()
    return {(who, month): calls for who, month, calls, _ in rows}


def test_a_key_is_answered_by_its_last_rows_as_they_were_learnt_from(ask, make, months):
    make(algorithm="linear.regressor", schema=BY_MONTH, data=LAST_MONTHS)

    (by_key,) = ask(keys=["c-7"]).predictions
    latest = {f"calls_{at}": months["c-7", f"2026-{7 - at:02}-01"] for at in (1, 2, 3)}
    (by_record,) = ask(records=[{"id": "c-7", "month": "2026-06-01", **latest}]).predictions

    assert by_key == by_record
    assert by_key["y"] == pytest.approx(latest["calls_1"] - latest["calls_3"], abs=0.5)


def test_a_key_with_too_few_rows_is_pointed_at(ask, make, months):
    make(algorithm="linear.regressor", schema=BY_MONTH, data=LAST_MONTHS)

    with pytest.raises(InvalidInput) as caught:
        ask(keys=["c-7", "new"])

    (fault,) = caught.value.faults
    assert (fault.where, fault.message) == ("/keys/1", "has 1 rows, and 3 are needed")
