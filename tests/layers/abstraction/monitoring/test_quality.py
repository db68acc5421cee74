"""Live metrics are those of training, taken from what was recorded."""

import json

import numpy as np
import pytest

from minerva.layers.abstraction.monitoring.quality import FEW, Judged, worse
from minerva.layers.abstraction.monitoring.verdict import verdict
from minerva.layers.abstraction.problems.classification import roc_auc
from minerva.layers.abstraction.problems.kinds import CLASSIFICATION, KINDS, REGRESSION
from minerva.layers.abstraction.problems.solved import Solved, kind_of_version
from minerva.schema import Schema
from minerva.testing.inference_stores import a_record


def schema(**output):
    """A schema with this output `y`."""
    return Schema.parse({"inputs": {"x": {"type": "number"}}, "output": {"y": output}})


CATEGORY = schema(type="category", values=["No", "Yes"])


def recorded(truth, **answer):
    """A record that turned out so."""
    return a_record(answer=json.dumps(answer), truth=json.dumps(truth))


def judged(schema, kind, records, **roles):
    """Judge records of a version that solves this kind of problem."""
    return Judged.of(Solved(schema, kind, roles), records)


def classified(rows=200, seed=1):
    """Records of chances that tell something, with the truths and the chances."""
    generator = np.random.default_rng(seed)
    truths = generator.random(rows) < 0.4
    chances = np.clip(0.3 + 0.3 * truths + generator.normal(scale=0.2, size=rows), 0, 1)
    records = [
        recorded("Yes" if truth else "No", y="Yes" if chance > 0.5 else "No",
                 y_probabilities={"No": 1 - chance, "Yes": chance})
        for truth, chance in zip(truths.tolist(), chances.tolist(), strict=True)
    ]  # fmt: skip
    return records, truths, chances


def test_probabilities_give_the_metrics_of_training():
    records, truths, chances = classified()

    metrics = judged(CATEGORY, CLASSIFICATION, records).metrics()

    assert metrics["roc_auc"] == pytest.approx(roc_auc(truths, chances))
    assert metrics["accuracy"] == pytest.approx(((chances > 0.5) == truths).mean())
    assert metrics["brier"] == pytest.approx(((chances - truths) ** 2).mean())


@pytest.mark.parametrize(
    ("kind", "metric", "output"),
    [("clustering", "silhouette", "integer"), ("dimension-reduction", "explained_variance", "number")],
)  # fmt: skip
def test_what_compares_rows_with_each_other_is_told_as_surely_as_it_says(kind, metric, output):
    """Of 40 samples, the interval of 95 % holds what very many rows tell in nearly all."""
    inputs = {name: {"type": "number"} for name in "abc"}
    told = Schema.parse({"inputs": inputs, "output": {"y": {"type": output}}})

    def some(rows, seed):
        generator = np.random.default_rng(seed)
        at = generator.normal(size=(rows, 3))
        at[generator.random(rows) < 0.4, 0] += 2.5
        said = at @ [0.9, 0.1, 0.1] if output == "number" else (at[:, 0] > 1.25).astype(int)
        records = [
            a_record(features=json.dumps(dict(zip("abc", row, strict=True))), answer=json.dumps({"y": y}))
            for row, y in zip(at.tolist(), said.tolist(), strict=True)
        ]  # fmt: skip
        return judged(told, KINDS[kind], records)

    true = np.mean([some(1000, 100 + seed).metrics()[metric] for seed in range(6)])
    found = [some(60, seed).interval(metric) for seed in range(40)]

    assert sum(low <= true <= high for low, high in found) >= 35
    assert np.mean([high - low for low, high in found]) < 0.15
    assert some(FEW - 1, 1).interval(metric) is None


def test_labels_without_probabilities_give_what_labels_can():
    records = [recorded("Yes", y="Yes"), recorded("No", y="Yes")]

    metrics = judged(CATEGORY, CLASSIFICATION, records).metrics()

    assert metrics == {"accuracy": 0.5, "balanced_accuracy": 0.5}


def test_numbers_and_booleans_are_measured_too():
    numbers = [recorded(2.0, y=1.0), recorded(4, y=5.0)]
    booleans = [
        recorded(True, y=True, y_probability=0.9),
        recorded(False, y=False, y_probability=0.2),
    ]

    assert judged(schema(type="number"), REGRESSION, numbers).metrics()["rmse"] == 1
    assert judged(schema(type="boolean"), CLASSIFICATION, booleans).metrics()["roc_auc"] == 1


def test_what_was_recorded_under_another_schema_is_left_out():
    records = [
        recorded("Yes", y="Yes"), recorded("Maybe", y="Yes"), recorded("Yes", y="Other"),
        recorded("Yes", z=1), a_record(answer='{"y":"Yes"}'),
    ]  # fmt: skip

    assert len(judged(CATEGORY, CLASSIFICATION, records)) == 1


def test_without_rows_there_are_no_metrics():
    assert judged(CATEGORY, CLASSIFICATION, []).metrics() == {}


def test_the_interval_holds_the_metric_and_narrows_with_more_rows():
    few = judged(CATEGORY, CLASSIFICATION, classified(100)[0])
    many = judged(CATEGORY, CLASSIFICATION, classified(2000)[0])

    low, high = few.interval("roc_auc")
    assert low < few.metrics()["roc_auc"] < high
    narrow_low, narrow_high = many.interval("roc_auc")
    assert narrow_high - narrow_low < (high - low) / 2
    assert few.interval("roc_auc") == (low, high)


def test_few_rows_or_one_class_have_no_interval():
    assert judged(CATEGORY, CLASSIFICATION, classified(FEW - 1)[0]).interval("roc_auc") is None
    chances = {"No": 0.5, "Yes": 0.5}
    same = [recorded("Yes", y="Yes", y_probabilities=chances) for _ in range(100)]
    assert judged(CATEGORY, CLASSIFICATION, same).interval("roc_auc") is None


@pytest.mark.parametrize(
    ("metric", "value", "than", "part", "expected"),
    [("roc_auc", 0.7, 0.8, 0.1, True), ("roc_auc", 0.75, 0.8, 0.1, False), ("rmse", 1.2, 1.0, 0.1, True),
     ("rmse", 0.5, 1.0, 0.1, False), ("r2", -0.5, -0.2, 0.1, True)],
)  # fmt: skip
def test_worse_means_the_metric_s_own_direction(metric, value, than, part, expected):
    assert worse(metric, value, than, part) is expected


def test_a_version_tells_its_kind_and_an_old_one_by_its_output():
    category, number = CATEGORY.target()[1], schema(type="number").target()[1]

    assert kind_of_version({"problem": "clustering"}, category) is KINDS["clustering"]
    assert kind_of_version({}, category) is CLASSIFICATION
    assert kind_of_version({}, number) is REGRESSION


def test_anomalies_are_judged_by_the_truth_that_came():
    booleans = [
        recorded(True, y=True, y_probability=0.9),
        recorded(False, y=False, y_probability=0.2),
    ]

    found = judged(schema(type="boolean"), KINDS["anomaly-detection"], booleans)

    assert found.metrics() == {"roc_auc": 1, "average_precision": 1, "flagged": 0.5}


def listed(relevance, score, call="r-1", **features):
    """A record of a row of a list."""
    return a_record(request_id=call, answer=json.dumps({"y": score}), truth=json.dumps(relevance),
                    features=json.dumps(features))  # fmt: skip


NUMBER = schema(type="number")


def test_rows_of_a_list_stand_together_by_their_group_where_it_is_recorded():
    records = [listed(1, 1, "r-1", x=1), listed(0, 2, "r-1", x=2), listed(0, 2, "r-2", x=1)]

    by_call = judged(NUMBER, KINDS["ranking"], records)
    by_group = judged(NUMBER, KINDS["ranking"], records, group="x")

    assert (by_call.drawn, by_group.drawn) == ((2, "lists"), (2, "lists"))
    assert by_call.metrics()["mrr"] == 0.5
    assert by_group.metrics()["mrr"] == 0.5
    alone = judged(NUMBER, KINDS["ranking"], records[:2], group="x")
    assert alone.metrics() == {}


def test_whole_lists_are_drawn_again_and_few_of_them_have_no_interval():
    records = [
        listed(relevance, score, f"r-{number}")
        for number in range(60)
        for relevance, score in ((1, 2), (0, 3 if number % 3 else 1))
    ]

    found = judged(NUMBER, KINDS["ranking"], records)

    low, high = found.interval("mrr")
    assert low < found.metrics()["mrr"] < high
    assert found.metrics()["mrr"] == pytest.approx(2 / 3)
    assert 0.05 < high - low < 0.25
    assert judged(NUMBER, KINDS["ranking"], records[: 2 * FEW - 2]).interval("mrr") is None


def test_of_what_was_shown_to_a_user_the_rest_was_not_taken():
    taken = schema(type="boolean")
    untold = [a_record(row, answer='{"y":true,"y_probability":0.6}') for row in range(1, 4)]
    told = recorded(True, y=True, y_probability=0.9)

    found = judged(taken, KINDS["recommendation"], [told, *untold])

    assert (len(found), found.told) == (4, 1)
    assert found.metrics()["roc_auc"] == 1
    assert found.metrics()["recall_at_10"] == 1
    assert found.metrics()["precision_at_10"] == 0.25


def test_ratings_have_their_errors():
    records = [listed(4, 5, "r-1"), listed(1, 2, "r-1")]

    assert judged(NUMBER, KINDS["recommendation"], records).metrics()["rmse"] == 1


BANDIT = Schema.parse({
    "inputs": {"x": {"type": "number"}},
    "output": {"act": {"type": "category", "values": ["a", "b"]}, "gain": {"type": "number"}},
})  # fmt: skip


def test_a_reward_belongs_to_the_action_that_was_played_and_not_to_a_shadow_s():
    answers = {"act": "a", "gain": 0.5}
    records = [recorded(1.0, **answers), recorded({"gain": 0.0, "act": "b"}, **answers)]
    shadow = [a_record(shadow=True, answer='{"act":"b","gain":1}', truth=truth)
              for truth in ("1.0", '{"gain":3.0,"act":"b","propensity":0.5}')]  # fmt: skip

    champion = judged(BANDIT, KINDS["bandit"], records).metrics()
    beside = judged(BANDIT, KINDS["bandit"], shadow)

    assert champion == {"reward": 1.0, "matched": 0.5, "taken_reward": 0.5}
    assert (len(beside), beside.metrics()["reward"]) == (1, 3.0)


def test_clusters_are_judged_by_the_inputs_that_were_recorded():
    number = schema(type="integer")
    at = [0.0, 0.1, 5.0, 5.1]
    records = [a_record(answer=json.dumps({"y": x > 1}), features=json.dumps({"x": x})) for x in at]
    gone = a_record(answer='{"y":1}', features=None)

    found = judged(number, KINDS["clustering"], [*records, gone])

    assert (len(found), found.told, found.drawn) == (4, 0, (4, "answers"))
    assert found.metrics()["silhouette"] > 0.9
    assert found.interval("silhouette") is None


def test_what_is_personal_is_not_recorded_and_tells_nothing():
    personal = Schema.parse(
        {"inputs": {"x": {"type": "number", "pii": True}}, "output": {"y": {"type": "integer"}}}
    )

    found = judged(personal, KINDS["clustering"], [a_record(answer='{"y":1}')] * 40)

    assert (found.metrics(), found.simple()) == ({}, None)
    assert verdict(found, "silhouette", {}, None, {}).startswith("Nothing can be told: input 'x'")


def test_truths_that_are_all_alike_are_said_to_tell_nothing():
    same = [recorded(True, y=True, y_probability=0.9)] * FEW

    found = judged(schema(type="boolean"), CLASSIFICATION, same)

    assert verdict(found, "roc_auc", found.metrics(), None, {}) == (
        "These truths do not tell roc_auc. The truths do not differ: tell also of what turned out "
        "otherwise."
    )


def test_a_forecast_is_judged_by_its_interval_too():
    number = {"type": "number"}
    forecast = Schema.parse(
        {"inputs": {"x": number}, "output": {"y": number, "low": number, "high": number}}
    )
    records = [recorded(5.0, y=4.0, low=3.0, high=6.0), recorded(9.0, y=8.0, low=7.0, high=8.5)]

    metrics = judged(forecast, KINDS["forecasting"], records).metrics()

    assert (metrics["mae"], metrics["coverage"], metrics["width"]) == (1, 0.5, 2.25)
    assert len(judged(forecast, KINDS["forecasting"], [recorded(5.0, y=4.0)])) == 0
