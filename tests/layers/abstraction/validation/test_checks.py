"""Training data is described, and refused where it fails a check."""

import numpy as np
import pytest

from minerva import TrainingData
from minerva.errors import InvalidData
from minerva.layers.abstraction.drift.bins import Bins
from minerva.layers.abstraction.drift.profile import profile_of
from minerva.layers.abstraction.services.declaration import DataChecks
from minerva.layers.abstraction.validation.checks import demand, remarks
from minerva.layers.abstraction.validation.report import look
from minerva.schema import Batch, Schema

ROWS = 1_000
SCHEMA = Schema.parse(
    {
        "inputs": {
            "age": {"type": "number"},
            "shop": {"type": "category", "values": ["a", "b"]},
            "note": {"type": "text"},
            "country": {"type": "category", "values": ["fr"]},
        },
        "output": {"buys": {"type": "category", "values": ["no", "yes", "never seen"]}},
    }
)


def table(**other):
    """Rows that have nothing odd but a value that no row has, with some columns put in their place."""
    draw = np.random.default_rng(4)
    columns = {
        "age": draw.normal(40, 10, ROWS),
        "shop": draw.integers(0, 2, ROWS).astype(np.int32),
        "note": np.array([f"note {number}" for number in range(ROWS)], dtype=object),
        "country": np.zeros(ROWS, dtype=np.int32),
    }
    truth = draw.integers(0, 2, ROWS).astype(np.int32)
    return TrainingData(Batch(SCHEMA, {**columns, **other}, ROWS), {"buys": truth})


def half_without(column):
    gone = column.copy()
    gone[::2] = None if column.dtype == object else -1 if column.dtype == np.int32 else np.nan
    return gone


def test_what_is_missing_constant_and_rare_is_told():
    columns = table().inputs.columns
    data = table(age=half_without(columns["age"]), note=half_without(columns["note"]))

    report = look(data, None)

    assert report.missing == {"age": 0.5, "note": 0.5}
    assert report.constant == ("country",)
    assert report.classes["never seen"] == 0
    assert sum(report.classes.values()) == pytest.approx(1)
    assert (report.rows, report.drift) == (ROWS, {})
    assert look(table(), None).duplicates == 0


def test_rows_that_repeat_others_are_counted():
    data = table()
    repeated = data.take(np.arange(ROWS) % 800)

    report = look(repeated, None)

    assert report.duplicates == 200
    assert any("200 of 1,000 rows repeat" in one for one in remarks(report))


def test_a_repeated_input_with_another_truth_is_no_duplicate():
    data = table()
    twice = TrainingData(
        data.inputs.take(np.arange(ROWS) // 2 * 2), {"buys": np.arange(ROWS, dtype=np.int32) % 2}
    )

    assert look(twice, None).duplicates == 0


def test_rows_spread_otherwise_than_the_champions_are_told():
    before = Bins.of(profile_of(table().inputs), SCHEMA)
    data = table(age=table().inputs["age"] + 15)

    report = look(data, before)

    assert set(report.drift) == {"age"}
    assert report.drift["age"] > 0.5
    assert any(one.startswith("age is spread otherwise") for one in remarks(report))


def test_the_same_rows_have_not_moved_and_what_is_kept_knows_no_champion():
    before = Bins.of(profile_of(table().inputs), SCHEMA)

    report = look(table(), before)

    assert report.drift == {}
    assert report.facts() == look(table(), None).facts()
    assert "drift" not in report.facts()


@pytest.mark.parametrize(
    ("checks", "says"),
    [
        ({"min_rows": 5_000}, "1,000 rows, not 5,000."),
        ({"max_missing": 0.4}, "shop is missing in 50.0% of the rows, more than 40.0%."),
        ({"min_class_share": 0.01}, "0.00% of the rows are 'never seen', less than 1.00%."),
        ({"max_duplicates": 0.1}, "20.0% of the rows repeat another, more than 10.0%."),
        ({"max_drift": 0.2}, "shop moved by a PSI of"),
    ],
)
def test_a_check_that_fails_is_named_with_what_was_found(checks, says):
    columns = table().inputs.columns
    data = table(shop=half_without(columns["shop"])).take(np.arange(ROWS) % 800)

    with pytest.raises(InvalidData) as refused:
        demand(look(data, Bins.of(profile_of(table().inputs), SCHEMA)), DataChecks(**checks))

    (fault,) = refused.value.faults
    assert fault.where == f"/data/checks/{next(iter(checks))}"
    assert fault.message.startswith(says)
    assert refused.value.message.startswith("The training data fails 1 of its checks")


def test_data_that_passes_is_trained_on():
    checks = DataChecks(min_rows=1_000, max_missing=0, max_duplicates=0, max_drift=0.1)
    before = Bins.of(profile_of(table().inputs), SCHEMA)

    demand(look(table(), before), checks)


def test_all_that_fails_is_told_at_once():
    columns = table().inputs.columns
    data = table(shop=half_without(columns["shop"]), age=half_without(columns["age"]))

    with pytest.raises(InvalidData) as refused:
        demand(look(data, None), DataChecks(min_rows=2_000, max_missing=0.1))

    assert len(refused.value.faults) == 3
