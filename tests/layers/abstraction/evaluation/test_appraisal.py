"""What is told of a model's quality beside its metrics is what was put into the data."""

import numpy as np
import pytest

from minerva import TrainingData
from minerva.layers.abstraction.evaluation.appraisal import _calibrated, appraise
from minerva.layers.abstraction.evaluation.calibration import calibration
from minerva.layers.abstraction.evaluation.importance import importance
from minerva.layers.abstraction.evaluation.intervals import intervals
from minerva.layers.abstraction.evaluation.measure import Measure
from minerva.layers.abstraction.evaluation.slices import slices, worst
from minerva.layers.abstraction.problems.classification import class_metrics
from minerva.schema import Batch, Schema

ROWS = 4_000
SCHEMA = Schema.parse(
    {
        "inputs": {
            "x": {"type": "number"},
            "noise": {"type": "number"},
            "shop": {"type": "category", "values": ["north", "south", "west"]},
            "member": {"type": "boolean"},
            "mail": {"type": "text", "use": False},
            "name": {"type": "category", "values": ["a", "b"], "pii": True},
        },
        "output": {"buys": {"type": "category", "values": ["no", "yes"]}},
    }
)


def measured(data, outputs, metric="accuracy"):
    def judged(rows, answers):
        return class_metrics(SCHEMA.output["buys"], rows.target(), answers["buys"])

    return Measure(data, outputs, judged, metric, metric in {"log_loss", "brier"})


class Follows:
    """Says that x is the chance."""

    def predict(self, batch):
        return {"buys": np.column_stack([1 - batch["x"], batch["x"]])}


@pytest.fixture
def rows():
    """Rows of which x is the true chance."""
    draw = np.random.default_rng(1)
    chance = draw.uniform(size=ROWS)
    columns = {
        "x": chance,
        "noise": draw.normal(size=ROWS),
        "shop": draw.integers(-1, 3, ROWS).astype(np.int32),
        "member": np.where(draw.uniform(size=ROWS) < 0.1, np.nan, draw.integers(0, 2, ROWS)),
        "name": draw.integers(0, 2, ROWS).astype(np.int32),
    }
    truth = (draw.uniform(size=ROWS) < chance).astype(np.int32)
    return TrainingData(Batch(SCHEMA, columns, ROWS), {"buys": truth})


@pytest.fixture
def measure(rows):
    return measured(rows, Follows().predict(rows.inputs))


def test_an_interval_is_as_wide_as_theory_has_it(measure):
    accuracy = measure.on(np.arange(ROWS))["accuracy"]

    low, high = intervals(measure, {"accuracy": accuracy}, seed=0)["accuracy"]

    standard_error = np.sqrt(accuracy * (1 - accuracy) / ROWS)
    assert low < accuracy < high
    assert high - low == pytest.approx(2 * 1.96 * standard_error, rel=0.25)


def test_more_rows_than_are_drawn_from_narrow_the_interval(measure):
    every_row_four_times = measure.of(np.tile(np.arange(ROWS), 4))

    (few,) = intervals(measure, {"accuracy": 0.75}, seed=0).values()
    (many,) = intervals(every_row_four_times, {"accuracy": 0.75}, seed=0).values()

    assert many[1] - many[0] == pytest.approx((few[1] - few[0]) / 2, rel=0.25)


def test_a_metric_that_rows_of_one_class_do_not_give_has_no_interval(measure):
    of_one_class = measure.of(np.flatnonzero(measure.rows.target() == 1))

    assert set(intervals(of_one_class, {"accuracy": 0.7, "roc_auc": 0.7}, seed=0)) == {"accuracy"}


def test_a_group_that_is_answered_worse_is_found(rows):
    chances = rows.inputs["x"].copy()
    south = rows.inputs["shop"] == 1
    chances[south] = 1 - chances[south]
    measure = measured(rows, {"buys": np.column_stack([1 - chances, chances])})

    groups = slices(measure, measure.on(np.arange(ROWS))["accuracy"], spread=0.5)

    assert (worst(measure, groups).field, worst(measure, groups).group) == ("shop", "south")
    assert [one.group for one in groups if one.worse and one.field == "shop"] == ["south"]


def test_where_all_are_answered_alike_no_group_is_called_worse(measure):
    groups = slices(measure, measure.on(np.arange(ROWS))["accuracy"], spread=0.5)

    assert {one.field for one in groups} == {"x", "noise", "shop", "member"}
    assert {one.group for one in groups if one.field == "member"} == {"missing", "no", "yes"}
    alike = [one for one in groups if one.field != "x"]  # a coin is hard to call in the middle
    assert not any(one.worse for one in alike)


def test_the_groups_of_a_number_part_the_rows(measure):
    groups = [one for one in slices(measure, 0.75, None) if one.field == "noise"]

    assert len(groups) == 4
    assert sum(one.rows for one in groups) == ROWS


def test_true_chances_are_calibrated_and_bold_ones_are_not(rows):
    chances, truth = rows.inputs["x"], rows.target().astype(np.int64)
    bold = np.where(chances > 0.5, 0.99, 0.01)

    honest = calibration(np.column_stack([1 - chances, chances]), truth, ("no", "yes"))
    boastful = calibration(np.column_stack([1 - bold, bold]), truth, ("no", "yes"))

    assert honest.of == "'yes'"
    assert honest.error < 0.03
    assert boastful.error == pytest.approx(
        0.24, abs=0.03
    )  # three of four are right, 99 % were told
    assert sum(one.rows for one in honest.bins) == ROWS


def test_of_several_values_the_chance_of_the_answer_is_looked_at():
    truth = np.tile([0, 1, 2, 0], 25)
    chances = np.tile([[0.5, 0.3, 0.2]], (100, 1))

    found = calibration(chances, truth, ("a", "b", "c"))

    assert found.of == "the answer that is given"
    assert found.error < 0.1


def test_few_rows_tell_nothing_of_calibration():
    assert calibration(np.full((10, 2), 0.5), np.zeros(10, dtype=np.int64), ("a", "b")) is None


def test_what_a_model_goes_by_comes_first_and_what_it_ignores_counts_nothing(measure):
    found = importance(Follows(), measure, seed=0)

    assert found[0].field == "x"
    assert found[0].worse_by > 0.15
    assert {one.worse_by for one in found[1:]} == {0}


@pytest.mark.parametrize("metric", ["accuracy", "log_loss"])
def test_an_appraisal_is_plain_and_the_same_for_the_same_rows(rows, metric):
    measure = measured(rows, Follows().predict(rows.inputs), metric)
    metrics = dict(measure.on(np.arange(ROWS)))

    told = appraise(Follows(), measure, metrics, seed=3)

    assert told == appraise(Follows(), measure, metrics, seed=3)
    assert told["metric"] == metric
    assert set(told["intervals"]) == set(metrics)
    assert told["importance"][0]["field"] == "x"


def test_many_rows_are_parted_into_groups_by_a_sample(rows):
    many = rows.take(np.tile(np.arange(ROWS), 6))
    measure = measured(many, Follows().predict(many.inputs))

    told = appraise(Follows(), measure, {"accuracy": 0.75}, seed=0)

    assert sum(one["rows"] for one in told["slices"] if one["field"] == "noise") == 20_000


def test_rows_without_a_truth_say_nothing_of_calibration(rows):
    answers = Follows().predict(rows.inputs)
    known = np.arange(0, ROWS, 2)
    truth = np.where(np.arange(ROWS) % 2 == 0, rows.target(), -1)
    partly = TrainingData(rows.inputs, {"buys": truth})

    of_known = _calibrated(rows.take(known), {"buys": answers["buys"][known]})
    assert _calibrated(partly, answers) == of_known
    assert of_known is not None
