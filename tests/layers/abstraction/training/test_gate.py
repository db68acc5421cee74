"""The gate before a new version becomes champion."""

import math

import pytest
from posing import posed

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.services.declaration import Gate
from minerva.layers.abstraction.training.gate import check_gate, judge


@pytest.mark.parametrize(
    ("gate", "metrics", "champion", "passed", "reason"),
    [
        (None, {}, None, True, "No gate is declared."),
        ({"at_least": 0.8}, {"roc_auc": 0.8}, None, True, "roc_auc 0.8000 passes."),
        ({"at_least": 0.8}, {"roc_auc": 0.8 - 1e-12}, None, True, "roc_auc 0.8000 passes."),
        ({"at_least": 0.8}, {"roc_auc": 0.79}, None, False, "roc_auc 0.7900 is below 0.8."),
        ({"at_most": 0.9}, {"roc_auc": 0.91}, None, False, "roc_auc 0.9100 is above 0.9."),
        ({"at_most": 0.9}, {"roc_auc": 0.9}, None, True, "roc_auc 0.9000 passes."),
        ({"at_least": 0}, {}, None, False, "roc_auc could not be computed."),
        ({"at_least": 0}, {"roc_auc": math.nan}, None, False, "roc_auc could not be computed."),
        ({}, {"roc_auc": 0.1}, None, True, "roc_auc 0.1000 passes."),
        ({"at_least": 0.1, "at_most": 0.2}, {"roc_auc": 0.15}, None, True, "roc_auc 0.1500 passes."),
    ],
)  # fmt: skip
def test_a_version_is_measured_by_the_gate(gate, metrics, champion, passed, reason):
    declared = None if gate is None else Gate(metric="roc_auc", **gate)

    verdict = judge(declared, metrics, champion)

    assert (verdict.passed, verdict.reason) == (passed, reason)


@pytest.mark.parametrize(
    ("metric", "ours", "theirs", "passed"),
    [
        ("roc_auc", 0.8, 0.9, False),
        ("roc_auc", 0.9, 0.8, True),
        ("roc_auc", 0.8, 0.8, True),
        ("roc_auc", 0.8 - 1e-12, 0.8, True),
        ("log_loss", 0.5, 0.4, False),
        ("log_loss", 0.4, 0.5, True),
        ("rmse", 2.0, 1.0, False),
        ("mae", 1.0, 2.0, True),
        ("brier", 0.3, 0.2, False),
        ("r2", 0.3, 0.2, True),
        ("accuracy", 0.5, math.nan, True),
    ],
)
def test_a_version_may_not_be_worse_than_the_champion_in_the_metrics_own_direction(
    metric, ours, theirs, passed
):
    gate = Gate(metric=metric, not_worse_than="champion")

    verdict = judge(gate, {metric: ours}, {metric: theirs})

    assert verdict.passed is passed
    assert verdict.reason.endswith(
        "passes." if passed else f"is worse than the champion's {theirs:.4f}."
    )


def test_where_there_is_no_champion_nobody_is_worse():
    gate = Gate(metric="roc_auc", not_worse_than="champion")

    assert judge(gate, {"roc_auc": 0.1}, None).passed
    assert judge(gate, {"roc_auc": 0.1}, {}).passed
    assert judge(Gate(metric="roc_auc"), {"roc_auc": 0.1}, {"roc_auc": 0.9}).passed


@pytest.mark.parametrize(
    ("output", "metric", "known"),
    [
        ({"type": "number"}, "roc_auc", "known: rmse, mae, r2"),
        ({"type": "boolean"}, "rmse", "known: roc_auc, log_loss"),
        ({"type": "category", "values": ["a"]}, "auc", "did you mean 'roc_auc'?"),
    ],
)
def test_a_metric_that_the_output_cannot_have_is_refused(output, metric, known):
    with pytest.raises(InvalidConfiguration) as caught:
        check_gate(Gate(metric=metric), posed({"y": output}))

    (fault,) = caught.value.faults
    assert fault.where == "/training/gate/metric"
    assert known in fault.message


def test_a_metric_that_the_output_has_is_accepted():
    check_gate(Gate(metric="rmse"), posed({"y": {"type": "integer"}}))
    check_gate(None, posed({"y": {"type": "integer"}}))


@pytest.mark.parametrize(
    ("metrics", "passed", "reason"),
    [
        ({"latency_p95_ms": 5.0}, True, "95 % of single predictions take at most 5.00 ms."),
        ({"latency_p95_ms": 5.01}, False, "95 % of single predictions take at most 5.01 ms, more than 5 ms."),
        ({"latency_p95_ms": math.nan}, False, "The latency could not be measured."),
        ({}, False, "The latency could not be measured."),
    ],
)  # fmt: skip
def test_a_version_may_be_measured_by_its_latency_alone(metrics, passed, reason):
    verdict = judge(Gate(latency_ms=5), metrics, None)

    assert (verdict.passed, verdict.reason) == (passed, reason)


@pytest.mark.parametrize(
    ("accuracy", "latency", "passed", "said"),
    [
        (0.9, 1.0, True, ["accuracy 0.9000 passes.", "take at most 1.00 ms."]),
        (0.7, 1.0, False, ["accuracy 0.7000 is below 0.8."]),
        (0.9, 9.0, False, ["take at most 9.00 ms, more than 5 ms."]),
        (0.7, 9.0, False, ["is below 0.8.", "more than 5 ms."]),
    ],
)
def test_metric_and_latency_must_both_pass_and_what_failed_is_said(accuracy, latency, passed, said):
    gate = Gate(metric="accuracy", at_least=0.8, latency_ms=5)

    verdict = judge(gate, {"accuracy": accuracy, "latency_p95_ms": latency}, None)

    assert verdict.passed is passed
    assert all(part in verdict.reason for part in said)
    assert "passes" not in verdict.reason or passed


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ({}, "a gate needs a metric, latency_ms or both"),
        ({"at_least": 0.8}, "at_least needs a metric"),
        ({"latency_ms": 5, "not_worse_than": "champion"}, "not_worse_than needs a metric"),
        ({"at_least": 0.0, "at_most": 1.0}, "at_least and at_most needs a metric"),
    ],
)
def test_a_gate_that_measures_nothing_is_refused(gate, said):
    with pytest.raises(InvalidConfiguration, match="The gate has no metric") as caught:
        check_gate(Gate(**gate), posed({"y": {"type": "number"}}))

    (fault,) = caught.value.faults
    assert fault.where == "/training/gate/metric"
    assert said in fault.message


def test_a_gate_of_latency_alone_is_accepted():
    check_gate(Gate(latency_ms=5), posed({"y": {"type": "number"}}))
