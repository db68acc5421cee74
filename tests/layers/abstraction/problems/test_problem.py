"""A service's problem is read from what it declares; what does not fit is pointed at."""

import pytest
from posing import posed

from minerva import InvalidConfiguration
from minerva.layers.abstraction.problems.kinds import KINDS

NUMBER, BOOLEAN = {"type": "number"}, {"type": "boolean"}
INPUTS = {
    "x": NUMBER,
    "when": {"type": "timestamp"},
    "shop": {"type": "category", "values": ["a", "b"]},
}


def faults(*arguments, **declared):
    with pytest.raises(InvalidConfiguration) as caught:
        posed(*arguments, **declared)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("output", "kind"),
    [(NUMBER, "regression"), ({"type": "integer"}, "regression"), (BOOLEAN, "classification")],
)
def test_an_algorithm_that_does_not_say_solves_what_the_output_says(output, kind):
    assert posed({"y": output}).kind is KINDS[kind]


def test_a_kind_of_problem_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(
        InvalidConfiguration, match=r"solves 'alchemy'.*known: classification, regression"
    ):
        posed({"y": NUMBER}, kind="alchemy")


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        ("classification", NUMBER),
        ("semi-supervised", NUMBER),
        ("regression", BOOLEAN),
        ("clustering", BOOLEAN),
        ("anomaly-detection", NUMBER),
        ("dimension-reduction", BOOLEAN),
    ],
)
def test_an_output_of_another_kind_of_problem_is_pointed_at(kind, output):
    (fault,) = faults({"y": output}, kind=kind)

    assert fault.startswith(f"/schema/output/y: is of type {output['type']}; here it is ")


def test_a_metric_of_another_kind_of_problem_is_told_with_those_that_there_are():
    problem = posed({"c": {"type": "integer"}}, kind="clustering")

    problem.check_metric("silhouette", "/training/gate/metric")
    with pytest.raises(InvalidConfiguration, match="no metric 'rmse' for clustering") as caught:
        problem.check_metric("rmse", "/training/gate/metric")
    (fault,) = caught.value.faults
    assert fault.where == "/training/gate/metric"
    assert "known: silhouette, davies_bouldin, clustered" in fault.message


def held(**split):
    return {"training": {"split": split}}


@pytest.mark.parametrize(
    ("split", "fault"),
    [
        ({"by": "time"}, "/training/split: by time needs a field: which one tells it?"),
        ({"by": "time", "field": "shop"}, "/training/split/field: is of type category, which has no order in time"),
        ({"by": "time", "field": "wen"}, "/training/split/field: is no input; did you mean 'when'?"),
        ({"by": "group", "field": "shpo"}, "/training/split/field: is no input; did you mean 'shop'?"),
        ({"field": "shop"}, "/training/split/field: belongs to time and group: at random asks for no field"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_held_out_so_are_pointed_at(split, fault):
    schema = {"key": "customer"}

    assert fault in faults({"y": NUMBER}, INPUTS, schema=schema, **held(**split))


def in_sequence(per="row", **training):
    sequence = {"key": "shop", "time": "when", "columns": ["x"], "window": 2, "per": per}
    data = {"source": "csv", "path": "rows.csv", "sequence": sequence}
    return {"data": data, **training}


WINDOWS = {**INPUTS, "x": {**NUMBER, "window": 2}}


def test_windows_of_a_key_overlap_so_their_latest_rows_are_held_out():
    problem = posed({"y": NUMBER}, WINDOWS, **in_sequence())

    assert (problem.split.by, problem.split.field) == ("time", "when")
    assert (
        posed({"y": NUMBER}, WINDOWS, **in_sequence(**held(by="group", field="shop"))).split.by
        == "group"
    )


def test_windows_of_a_key_are_not_held_out_at_random():
    (fault,) = faults({"y": NUMBER}, WINDOWS, **in_sequence(**held(by="random")))

    assert (
        fault == "/training/split/by: windows of a key overlap: rows are held out by time or group"
    )


def test_one_window_of_each_key_is_held_out_as_usual():
    assert posed({"y": NUMBER}, WINDOWS, **in_sequence(per="key")).split.by == "random"


@pytest.mark.parametrize(
    "split",
    [
        {"by": "time", "field": "when"},
        {"by": "time", "field": "x"},
        {"by": "group", "field": "shop"},
        {"by": "group", "field": "customer"},
    ],
)
def test_rows_are_held_out_by_an_input_or_in_groups_by_the_key(split):
    problem = posed({"y": NUMBER}, INPUTS, schema={"key": "customer"}, **held(**split))

    assert (problem.split.by, problem.split.field) == (split["by"], split["field"])


def test_nothing_declared_is_at_random():
    assert posed({"y": NUMBER}).split.by == "random"


def test_outputs_may_lack_the_truth_where_the_kind_of_problem_says_so():
    assert not posed({"y": NUMBER}).truth_fields()["y"].nullable
    assert posed({"y": BOOLEAN}, kind="semi-supervised").truth_fields()["y"].nullable
