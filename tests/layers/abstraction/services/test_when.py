"""What a service file says about time is refused where it cannot be meant, with a pointer."""

from datetime import timedelta

import pytest

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.services.when import check_kinds

NUMBER = {"type": "number"}
SQL = {"source": "sql", "url": "sqlite:///a.db", "query": "select 1"}


def declared(**parts):
    """Return a declaration as its author writes it."""
    schema = {"inputs": {"x": NUMBER}, "output": {"y": NUMBER}}
    return {"service": "a", "algorithm": "b", "schema": schema, **parts}


def nightly(**parts):
    """Return an entry of `schedules`."""
    return {"name": "nightly", "kind": "batch", "cron": "0 3 * * *", **parts}


def faults(value):
    """Return where → what is wrong."""
    with pytest.raises(InvalidConfiguration) as caught:
        parse(value)
    return {fault.where: fault.message for fault in caught.value.faults}


def test_every_member_is_read_and_survives_json():
    whole = declared(
        data=SQL,
        training={
            "schedule": "30 2 * * *",
            "timezone": "Europe/Berlin",
            "missed": "skip",
            "watermark": {"query": "select max(t) from c", "every_s": 5},
        },
        schedules=[
            nightly(timezone="Asia/Kathmandu", missed="skip", parameters={"rows": [1]}),
            nightly(name="weekly", cron="0 6 * * MON"),
        ],
    )

    declaration = parse(whole)

    training = declaration.training
    assert (training.timezone, training.missed) == ("Europe/Berlin", "skip")
    assert (training.watermark.query, training.watermark.every_s) == ("select max(t) from c", 5)
    first, second = declaration.schedules
    assert (first.timezone, first.missed, first.parameters) == (
        "Asia/Kathmandu",
        "skip",
        {"rows": [1]},
    )
    assert (second.timezone, second.missed, second.parameters) == ("UTC", "once", {})
    assert parse(declaration.to_json()) == declaration


@pytest.mark.parametrize(
    ("parts", "where", "what"),
    [
        ({"training": {"schedule": "0 0 30 2 *"}}, "/training/schedule", "Bad day-of-month"),
        ({"training": {"schedule": "0 0 31 2,4 *"}}, "/training/schedule", "Bad day-of-month"),
        ({"training": {"schedule": "* * * *"}}, "/training/schedule", "Wrong number of fields"),
        ({"training": {"timezone": "Europe/Berln"}}, "/training/timezone", "did you mean 'Europe/Berlin'?"),
        ({"training": {"timezone": 1}}, "/training/timezone", "Expected 'str'"),
        ({"training": {"missed": "twice"}}, "/training/missed", "known: once, skip"),
        ({"training": {"watermark": {"query": "select 1"}}}, "/training/watermark", "source must be sql"),
        ({"training": {"watermark": {"query": ""}}, "data": SQL}, "/training/watermark/query", "length >= 1"),
        ({"training": {"watermark": {"query": "select 1", "every_s": 0}}, "data": SQL}, "/training/watermark/every_s", ">= 1"),
        ({"training": {"watermark": {}}, "data": SQL}, "/training/watermark", "missing member 'query'"),
        ({"schedules": {"a": 1}}, "/schedules", "Expected 'array'"),
        ({"schedules": [{"name": "a", "kind": "b"}]}, "/schedules/0", "missing member 'cron'"),
        ({"training": {"retrain": {}}}, "/training/retrain", "needs `data`"),
        ({"training": {"retrain": {"on": []}}, "data": SQL}, "/training/retrain/on", "length >= 1"),
        ({"training": {"retrain": {"on": ["drif"]}}, "data": SQL}, "/training/retrain/on/0", "drif"),
        ({"training": {"retrain": {"on": ["drift", "drift"]}}, "data": SQL}, "/training/retrain/on/1", "second time"),
        ({"training": {"retrain": {"at_most_every": "often"}}, "data": SQL}, "/training/retrain/at_most_every", "regex"),
        ({"training": {"retrain": {"at_most_every": "0d"}}, "data": SQL}, "/training/retrain/at_most_every", "regex"),
        ({"training": {"retrain": {}}, "data": SQL, "monitoring": {"drift": 0}}, "/monitoring/drift", "watches no drift"),
        ({"training": {"retrain": {}}, "data": SQL, "monitoring": {"sample": 0}}, "/monitoring/sample", "records nothing"),
        ({"schedules": [nightly(), nightly(cron="0 4 * * *")]}, "/schedules/1/name", "earlier schedule"),
        ({"schedules": [nightly(name="training.schedule")]}, "/schedules/0/name", "matching regex"),
        ({"schedules": [nightly(cron="0 0 30 2 *")]}, "/schedules/0/cron", "Bad day-of-month"),
        ({"schedules": [nightly(timezone="Mars/Olympus")]}, "/schedules/0/timezone", "not a time zone"),
        ({"schedules": [nightly(when="now")]}, "/schedules/0/when", "unknown; known: name, kind, cron"),
        ({"schedules": [nightly(parameters=[1])]}, "/schedules/0/parameters", "Expected 'object'"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_pointer(parts, where, what):
    told = faults(declared(**parts))

    assert list(told) == [where]
    assert what in told[where]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("bacth", "there is no kind of job 'bacth'; did you mean 'batch'?"),
        ("cleaning", "there is no kind of job 'cleaning'; known: batch, train"),
        ("batch.part", "there is no kind of job 'batch.part'; did you mean 'batch'?"),
        ("", "there is no kind of job ''; known: batch, train"),
    ],
)
def test_a_kind_that_nobody_can_do_is_refused_with_its_pointer(kind, told):
    schedules = parse(declared(schedules=[nightly(), nightly(name="b", kind=kind)])).schedules

    with pytest.raises(InvalidConfiguration) as caught:
        check_kinds(schedules, {"train", "batch", "batch.part"})

    assert [(fault.where, fault.message) for fault in caught.value.faults] == [
        ("/schedules/1/kind", told)
    ]


@pytest.mark.parametrize(
    ("text", "pause"),
    [("30m", timedelta(minutes=30)), ("12h", timedelta(hours=12)), ("7d", timedelta(days=7))],
)
def test_how_often_a_service_is_trained_again_is_said_in_minutes_hours_or_days(text, pause):
    declaration = parse(declared(training={"retrain": {"at_most_every": text}}, data=SQL))

    assert declaration.training.retrain.pause == pause
    assert declaration.training.retrain.on == ("drift", "decay")
    assert parse(declaration.to_json()) == declaration
