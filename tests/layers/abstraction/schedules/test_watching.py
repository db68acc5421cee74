"""A watermark that changes starts a training; a database that is slow holds up nobody."""

import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tiny import named
from waiting import wait_until

from minerva.errors import Unavailable
from minerva.layers.abstraction.schedules.aside import Aside

SQL = {"source": "sql", "url": "sqlite:///legacy.db", "query": "select 1"}
WATERMARK = {"watermark": {"query": "select max(t) from c", "every_s": 60}}


class Database:
    """A user's database, as far as a watermark sees it."""

    def __init__(self):
        self.value, self.asked = "one", 0
        self.answers = threading.Event()
        self.answers.set()

    def __call__(self, watermark):
        """Answer, when it answers."""
        self.asked += 1
        assert self.answers.wait(300)
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@pytest.fixture
def database():
    """A user's database."""
    found = Database()
    yield found
    found.answers.set()


@pytest.fixture
def watching(scheduler, database, watching_with):
    """A scheduler that asks `database`, in the same thread."""
    return replace(scheduler, watching=watching_with(read=database))


@pytest.fixture
def look(watching, declare, clock):
    """Declare a watermark; look at it after a minute, and again after another."""
    clock.now = declare(data=SQL, training=WATERMARK).created_at
    watching.tick()

    def looked(scheduler=watching):
        clock.on(minutes=1)
        scheduler.tick()

    return looked


def test_the_first_value_trains_a_service_that_has_no_version(look, container, started, standing):
    look()
    look()

    (key,) = started()
    (job,) = container.jobs.list("default")
    assert key.startswith("watermark:value:")
    assert (job.kind, job.author) == ("train", "watermark")
    assert (standing().value, standing().job_id) == ("one", job.id)


def test_the_first_value_of_a_service_that_has_a_version_is_only_noted(
    watching, make, declare, clock, started, standing
):
    make()
    declare(data=SQL, training=WATERMARK)
    watching.tick()
    clock.on(minutes=1)
    watching.tick()
    clock.on(minutes=1)
    watching.tick()

    assert started() == []
    assert standing().value == "one"


def test_each_change_starts_one_training_also_back_to_an_earlier_value(look, database, started):
    for value in ("one", "one", "two", "two", "one", "two", "two"):
        database.value = value
        look()

    assert len(started()) == len(set(started())) == 4


def test_no_value_is_no_change(look, database, started, standing):
    database.value = None
    look()
    assert (started(), standing().value) == ([], None)

    database.value = "one"
    look()
    database.value = None
    look()
    database.value = "one"
    look()
    assert len(started()) == 1


def test_it_is_asked_as_often_as_declared_and_no_more(watching, look, clock, database):
    look()
    before = database.asked
    for _ in range(11):
        clock.on(seconds=5)
        watching.tick()
    assert database.asked == before

    clock.on(seconds=5)
    watching.tick()
    assert database.asked == before + 1


def test_a_database_that_is_away_is_noted_and_asked_again(look, database, started, standing):
    database.value = Unavailable("The database is away.")
    with capture_logs() as events:
        look()
        look()
    assert named(events, "schedule.", "watermark.") == ["watermark.not_read"] * 2
    assert standing().error == "The database is away."

    database.value = "one"
    look()
    assert (standing().error, len(started())) == (None, 1)


def test_a_driver_that_breaks_is_told_and_asked_again(look, database, started):
    database.value = ZeroDivisionError()
    with capture_logs() as events:
        look()
    assert named(events, "schedule.", "watermark.") == ["schedule.broken"]

    database.value = "one"
    look()
    assert len(started()) == 1


def test_of_many_clocks_that_see_a_change_one_starts_a_training(
    container, scheduler, watching_with, look, database, clock, started
):
    look()
    database.value = "two"
    clock.on(minutes=1)
    others = [replace(scheduler, watching=watching_with(read=database)) for _ in range(4)]
    threads = [threading.Thread(target=one.tick) for one in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(started()) == 2


def test_a_clock_that_was_killed_before_it_noted_the_value_is_followed_by_the_same_job(
    scheduler, watching, look, container, database, started, standing
):
    class Killed(Exception):
        """What is left of it: nothing more is written."""

    class DyingStore:
        def __init__(self, store):
            self.store, self.moves = store, 0

        def move(self, standing):
            self.moves += 1
            if self.moves > 1:
                raise Killed
            return self.store.move(standing)

        def all(self):
            return self.store.all()

    dying = replace(watching.watching, store=DyingStore(container.stores.schedules))
    with capture_logs():
        look(replace(watching, watching=dying))
    assert (len(started()), standing().value) == (1, None)

    look()
    assert (len(started()), standing().value) == (1, "one")


def test_a_database_that_hangs_delays_no_schedule_and_is_asked_one_question_only(
    container, scheduler, watching_with, declare, database, clock, started
):
    declare("slow", data=SQL, training=WATERMARK)
    declare("other", training={"schedule": "*/5 * * * *"})
    aside = replace(scheduler, watching=watching_with(read=database, aside=Aside(4)))
    database.answers.clear()
    aside.tick()

    for _ in range(10):
        clock.on(minutes=5)
        aside.tick()
    wait_until(lambda: database.asked > 0)

    assert database.asked == 1
    assert len([key for key in started() if "other" in key]) == 11
    assert not [key for key in started() if "slow" in key]

    database.answers.set()
    wait_until(lambda: [key for key in started() if "slow" in key] != [])


def test_a_query_that_never_ends_is_given_up_and_delays_nobody(
    container, workspace, scheduler, declare, clock, started, standing
):
    sqlite3.connect(workspace / "legacy.db").close()
    never = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n"
    slow = {"watermark": {"query": never, "every_s": 1}}
    clock.now = declare("slow", data=SQL, training=slow).created_at + timedelta(seconds=2)
    declare("other", training={"schedule": "* * * * *"})
    ticking = replace(scheduler, watching=container.scheduler.watching)

    ticking.tick()
    clock.on(minutes=1)
    ticking.tick()

    assert [key for key in started() if "other" in key]
    assert standing("training.watermark").error is None, "it is still being asked"
    wait_until(lambda: standing("training.watermark").error)
    assert "cannot be read now" in standing("training.watermark").error


class Away:
    """A store of ours that is away from its `moves`th writing on."""

    def __init__(self, store, moves):
        self.store, self.left = store, moves

    def all(self):
        return self.store.all()

    def move(self, standing):
        self.left -= 1
        if self.left < 0:
            raise Unavailable("Our own database is away.")
        return self.store.move(standing)


@pytest.mark.parametrize("moves", [0, 1])
@pytest.mark.parametrize("value", ["one", Unavailable("Theirs is away.")])
def test_what_cannot_be_written_now_is_made_up_for(
    watching, look, container, database, started, moves, value
):
    database.value = value
    store = Away(container.stores.schedules, moves)
    with capture_logs() as events:
        look(replace(watching, watching=replace(watching.watching, store=store)))
    last = named(events, "schedule.", "watermark.")[-1]
    assert last in {"schedule.not_started", "watermark.not_read"}

    database.value = "one"
    look()
    look()
    assert len(started()) == 1


def test_a_question_is_not_asked_where_the_watermark_was_taken_out(
    watching, look, declare, database
):
    look()
    before = database.asked
    declare(data=SQL)
    look()
    look()

    assert database.asked == before


def test_another_query_says_nothing_about_a_change(
    watching, look, make, declare, started, standing
):
    look()
    make()
    declare(data=SQL, training={"watermark": {"query": "select count(*) from c"}})
    look()
    look()

    assert len(started()) == 1
    assert standing().value == "one"
