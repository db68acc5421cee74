"""A profile tells how values are spread, and nothing of persons."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minerva.errors import InvalidData
from minerva.layers.abstraction.profiling.profile import Profile
from minerva.layers.abstraction.profiling.values import MOST_DISTINCT, SAMPLE, NumberValues
from minerva.schema import Schema
from minerva.schema.table import TableReader

SCHEMA = Schema.parse(
    {
        "inputs": {
            "tenure": {"type": "integer", "minimum": 0, "maximum": 100},
            "contract": {"type": "category", "values": ["month", "year"]},
            "paid": {"type": "timestamp", "nullable": True},
            "active": {"type": "boolean", "nullable": True},
            "note": {"type": "text", "nullable": True},
            "salary": {"type": "number", "pii": True, "nullable": True},
            "city": {"type": "category", "values": ["Rome", "Oslo"], "pii": True, "nullable": True},
        },
        "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
    }
)


def frame(*rows):
    names = [*SCHEMA.inputs, *SCHEMA.output]
    return pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows], columns=names)


GOOD = ("3", "month", "2026-01-31", "yes", "a note", "5000.5", "Rome", "No")


def report(*frames):
    profile = Profile(SCHEMA)
    for one in frames:
        profile.add(one)
    told = profile.report()
    json.dumps(told, allow_nan=False)
    return told, {field["name"]: field for field in told["fields"]}


def test_numbers_are_told_by_their_spread():
    _, fields = report(frame(*[(str(n), *GOOD[1:]) for n in range(101)]))

    tenure = fields["tenure"]
    assert (tenure["min"], tenure["max"], tenure["mean"], tenure["distinct"]) == (0, 100, 50, 101)
    assert tenure["quantiles"]["0.5"] == 50
    assert tenure["quantiles"]["0.95"] == 95


def test_categories_and_truths_are_told_by_frequency():
    _, fields = report(frame(GOOD, GOOD, ("3", "year", "", "no", "", "", "", "Yes")))

    assert fields["contract"]["frequent"] == [
        {"value": "month", "rows": 2},
        {"value": "year", "rows": 1},
    ]
    assert fields["active"]["frequent"][0] == {"value": True, "rows": 2}
    assert fields["paid"]["missing"] == 1


def test_moments_are_told_as_moments_and_texts_by_length():
    _, fields = report(frame(GOOD))

    assert fields["paid"]["min"].startswith("2026-01-31T00:00:00")
    assert (fields["note"]["shortest"], fields["note"]["longest"]) == (6, 6)


def test_nothing_is_told_of_what_personal_fields_hold():
    told, fields = report(frame(GOOD, ("3", *GOOD[1:5], "many", "Paris", "No")))

    assert fields["salary"] == {"name": "salary", "type": "number", "pii": True, "missing": 0}
    assert set(fields["city"]) == {"name", "type", "pii", "missing"}
    assert "5000.5" not in json.dumps(told)
    assert {one["column"]: one["rows"] for one in told["unfit"]} == {"salary": 1, "city": 1}


def test_rows_that_do_not_fit_are_counted_by_reason_with_the_first_of_each():
    bad = ("-1", "day", *GOOD[2:])
    told, _ = report(frame(GOOD, GOOD), frame(GOOD, bad, bad), frame(("x", *GOOD[1:7], "")))

    assert (told["rows"], told["unfit_rows"]) == (6, 3)
    assert told["unfit"] == [
        {"column": "tenure", "reason": "is below 0", "rows": 2, "first_row": 4},
        {
            "column": "contract",
            "reason": "is not one of 'month', 'year'",
            "rows": 2,
            "first_row": 4,
        },
        {"column": "tenure", "reason": "is not a whole number", "rows": 1, "first_row": 6},
        {
            "column": "churn",
            "reason": "is empty, but the field is not nullable",
            "rows": 1,
            "first_row": 6,
        },
    ]


def test_a_column_that_is_not_there_is_told():
    told, fields = report(frame(GOOD, GOOD).drop(columns=["tenure", "note"]))

    assert fields["tenure"]["absent"]
    assert fields["note"] == {
        "name": "note",
        "type": "text",
        "absent": True,
        "missing": 2,
        "distinct": 0,
    }
    assert told["unfit"][0] | {"first_row": 1} == {
        "column": "tenure", "reason": "is missing from the data", "rows": 2, "first_row": 1,
    }  # fmt: skip


def test_no_rows_are_a_profile_too():
    told, _ = report(frame())

    assert (told["rows"], told["unfit"]) == (0, [])


def test_memory_does_not_grow_with_the_rows():
    values = NumberValues()
    chance = np.random.default_rng(1)
    values.add(chance.random(100_000))
    tracemalloc.start()
    for _ in range(50):
        values.add(chance.random(10_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    told = values.report()
    assert peak < 5_000_000
    assert told["distinct"] == MOST_DISTINCT
    assert told["distinct_more"]
    assert told["quantiles"]["0.5"] == pytest.approx(0.5, abs=3 / SAMPLE**0.5)


CELLS = st.sampled_from(["1", "-1", "101", "1.5", "x", "", "NA"])


@given(st.lists(st.tuples(CELLS, st.sampled_from(["month", "day", ""])), min_size=1, max_size=6))
def test_a_row_fits_when_a_training_would_take_it(rows):
    told, _ = report(frame(*[(tenure, contract, *GOOD[2:]) for tenure, contract in rows]))
    taken = 0
    for tenure, contract in rows:
        one = frame((tenure, contract, *GOOD[2:]))
        try:
            TableReader(SCHEMA).batch(one)
            taken += 1
        except InvalidData:
            continue

    assert told["rows"] - told["unfit_rows"] == taken
