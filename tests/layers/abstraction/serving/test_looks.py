"""What a look at the registry asks of the database: one integer, and then what has changed."""

import pytest
from sqlalchemy import event

from minerva.layers.abstraction.serving.live import LiveServices


@pytest.fixture
def live(container) -> LiveServices:
    """A process of its own, which has looked at nothing."""
    return LiveServices(container.stores.revision, container.versioning.loader)


@pytest.fixture
def asked(container) -> list[tuple[str, str]]:
    """What is asked of the database, with its parameters."""
    statements = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if statement != "BEGIN":  # of SQLite alone
            statements.append((" ".join(statement.split()), str(parameters)))

    event.listen(container.stores.database.engine, "before_cursor_execute", note)
    return statements


def test_while_nothing_changes_a_look_asks_for_one_integer(live, make, asked):
    make()
    live.refresh()
    asked.clear()

    live.refresh()

    assert asked == [("SELECT registry.revision FROM registry", "()")]


def test_a_change_of_one_service_has_only_that_one_read_again(live, make, declare, asked):
    make("value")
    make("other")
    live.refresh()
    other = live.find("default", "other")
    declare("value", description="Changed.")
    asked.clear()

    live.refresh()

    assert live.find("default", "value").declaration.description == "Changed."
    assert live.find("default", "other") is other
    ((_, names),) = [one for one in asked if "configurations" in one[0]]
    assert "value" in names
    assert "other" not in names
    assert len(asked) == 3


def test_however_many_services_there_are_a_change_costs_the_same(live, make, declare, asked):
    make("value")
    for number in range(20):
        declare(f"idle{number}")
    live.refresh()
    declare("value", description="Changed.")
    asked.clear()

    live.refresh()

    assert len(asked) == 3
    assert "idle" not in str(asked)


def test_what_changed_too_long_ago_to_be_known_has_all_read_again(live, container, make, declare):
    make("value")
    live.refresh()
    declare("value", description="Changed.")
    with container.stores.database.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM registry_changes")

    live.refresh()

    assert live.find("default", "value").declaration.description == "Changed."
