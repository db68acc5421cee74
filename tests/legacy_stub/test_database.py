"""The database: what it refuses, what it keeps to itself, and that writers take turns."""

import threading

import pytest
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import IntegrityError

from legacy_stub.database import connect, create_tables, exclusively
from legacy_stub.errors import SettingError
from legacy_stub.tables import customers


@pytest.mark.parametrize("url", ["mysql://host/db", "no url", "postgresql+nodriver://host/db"])
def test_a_url_that_cannot_be_used_is_refused_by_name(url):
    with pytest.raises(SettingError, match="LEGACY_DB_URL"):
        connect(url)


def test_errors_hold_no_values(engine):
    row = {"customer_id": "C-00001", "name": "secret-name", "email": "secret@example.com"}

    with pytest.raises(IntegrityError) as failure, engine.begin() as connection:
        connection.execute(customers.insert(), [row])

    assert "secret" not in str(failure.value).replace(str(failure.value.orig), "")


def test_processes_that_start_together_all_find_the_tables(empty_url):
    engines = [connect(empty_url) for _ in range(4)]
    threads = [threading.Thread(target=create_tables, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert inspect(engines[0]).has_table("churn_scores")
    for engine in engines:
        engine.dispose()


def test_exclusive_transactions_take_turns(engine):
    def add_one():
        with exclusively(engine) as connection:
            number = connection.execute(select(func.count()).select_from(customers)).scalar_one()
            connection.execute(
                text(
                    "INSERT INTO customers SELECT :id, name, email, search_key, female,"
                    " senior_citizen, partner, dependents, tenure, phone_service, multiple_lines,"
                    " internet_service, online_security, online_backup, device_protection,"
                    " tech_support, streaming_tv, streaming_movies, contract, paperless_billing,"
                    " payment_method, monthly_charges, total_charges, churn"
                    " FROM customers WHERE customer_id = 'C-00001'"
                ),
                {"id": f"X-{number}"},
            )

    threads = [threading.Thread(target=add_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM customers")).scalar_one() == 600 + 8
