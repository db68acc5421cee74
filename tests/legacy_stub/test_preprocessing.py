"""Preparing data: when something changed, all of it, and announced with it."""

import threading

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from legacy_stub import ledger
from legacy_stub.clock import now
from legacy_stub.database import connect
from legacy_stub.preprocessing import Preprocessing
from legacy_stub.tables import FEATURES, churn_features, prepared_data
from legacy_stub.unit import Progress


def execute(engine, statement):
    with engine.begin() as connection:
        connection.execute(text(statement))


def entries(engine):
    with engine.connect() as connection:
        return connection.execute(select(prepared_data).order_by(prepared_data.c.id)).all()


def test_the_features_are_all_facts_and_the_label_by_customer(engine):
    Preprocessing(engine, now).step()

    with engine.connect() as connection:
        rows = connection.execute(select(churn_features)).all()
        one = connection.execute(
            select(churn_features).where(churn_features.c.customer_id == "C-00003")
        ).one()
    assert len(rows) == 600
    assert list(one._asdict()) == ["customer_id", *FEATURES, "churn"]
    assert (one.tenure, one.monthly_charges, one.churn) == (2, 53.85, "Yes")


def test_prepared_data_are_announced_once(engine):
    unit = Preprocessing(engine, now)

    with capture_logs() as log:
        assert [unit.step(), unit.step()] == [Progress.WORKED, Progress.IDLE]

    (entry,) = entries(engine)
    assert (entry.dataset, entry.rows, entry.outcome) == ("churn", 600, None)
    assert len(entry.fingerprint) == 64
    assert [event["event"] for event in log] == ["features.prepared"]


def test_the_fingerprint_is_the_same_in_every_database(engine):
    Preprocessing(engine, now).step()

    assert entries(engine)[0].fingerprint.startswith("3fb5b21c5d0f3075")


def test_a_changed_customer_is_prepared_anew(engine):
    unit = Preprocessing(engine, now)
    unit.step()
    execute(engine, "UPDATE customers SET tenure = tenure + 1 WHERE customer_id = 'C-00003'")

    assert unit.step() is Progress.WORKED

    first, second = entries(engine)
    assert first.fingerprint != second.fingerprint
    with engine.connect() as connection:
        tenure = "SELECT tenure FROM churn_features WHERE customer_id = 'C-00003'"
        assert connection.execute(text(tenure)).scalar_one() == 3


def test_a_changed_name_is_none_of_the_sidecars_business(engine):
    unit = Preprocessing(engine, now)
    unit.step()
    execute(engine, "UPDATE customers SET name = 'Other' WHERE customer_id = 'C-00003'")

    assert unit.step() is Progress.IDLE


def test_customers_that_are_gone_are_gone_from_the_features(engine):
    unit = Preprocessing(engine, now)
    unit.step()
    execute(engine, "DELETE FROM customers")

    assert unit.step() is Progress.WORKED
    assert entries(engine)[-1].rows == 0


def test_it_can_be_asked_for_again(engine):
    unit = Preprocessing(engine, now)

    assert [unit.prepare(), unit.prepare(), unit.prepare(again=True)] == [1, None, 2]
    assert len({entry.fingerprint for entry in entries(engine)}) == 1


def test_two_at_once_prepare_once(database_url):
    engines = [connect(database_url) for _ in range(3)]
    threads = [threading.Thread(target=Preprocessing(engine, now).prepare) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(entries(engines[0])) == 1
    for engine in engines:
        engine.dispose()


def test_a_failure_half_way_leaves_the_last_data_as_they_were(engine):
    unit = Preprocessing(engine, now)
    unit.step()
    execute(engine, "UPDATE customers SET tenure = 50 WHERE customer_id = 'C-00003'")

    def broken_clock():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Preprocessing(engine, broken_clock).step()

    with engine.connect() as connection:
        tenure = "SELECT tenure FROM churn_features WHERE customer_id = 'C-00003'"
        assert connection.execute(text(tenure)).scalar_one() == 2
        assert ledger.latest(connection).id == 1
