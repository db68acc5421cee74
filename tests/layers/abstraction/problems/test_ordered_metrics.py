"""Metrics of rankings, recommendations, forecasts, densities and bandits."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posing import posed, rows_of
from sklearn.metrics import ndcg_score

from minerva import InvalidConfiguration, InvalidData, Parameters
from minerva.layers.abstraction.problems.bandit import often, policy_value
from minerva.layers.abstraction.problems.forecasting import forecast_metrics
from minerva.layers.abstraction.problems.ranked import (
    mean_told,
    ndcgs,
    numbered,
    rank_metrics,
    reciprocal_ranks,
    taken_metrics,
)

NUMBER, TEXT = {"type": "number"}, {"type": "text"}


class Named(Parameters, frozen=True, kw_only=True):
    """Names who plays which part."""

    group: str | None = None
    user: str | None = None
    item: str | None = None
    time: str | None = None
    series: str | None = None


def ordered(kind, output, inputs, parameters=None, **declared):
    """Return a problem whose roles the service's parameters name."""
    given = {"parameters": parameters or {}, **declared}
    return posed(output, inputs, kind=kind, takes=Named, **given)


def rated(output):
    roles = {"user": "who", "item": "what"}
    return ordered("recommendation", {"likes": output}, {"who": TEXT, "what": TEXT}, roles)


def ndcg(relevance, score, first):
    """Return it of one group."""
    (found,) = ndcgs(relevance, score, np.zeros(len(score), np.intp), first)
    return found


scored = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.5, 1.0, 2.0])), min_size=2, max_size=25
)


@given(scored, st.sampled_from([3, 10, 25]))
@settings(deadline=None)
def test_ndcg_is_scikit_learns_ties_too(pairs, first):
    relevance, score = (np.array(part, float) for part in zip(*pairs, strict=True))
    if len(set(relevance)) > 1:
        wanted = ndcg_score([relevance], [score], k=first)
        assert ndcg(relevance, score, first) == pytest.approx(wanted)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=6))
@settings(deadline=None, max_examples=40)
def test_a_tie_is_the_mean_of_all_its_orders(pairs):
    relevance, score = (np.array(part, float) for part in zip(*pairs, strict=True))
    group = np.zeros(len(score), np.intp)
    orders = [
        order
        for order in itertools.permutations(range(len(score)))
        if (np.diff(score[list(order)]) <= 0).all()
    ]
    wanted = [1 + int(np.argmax(relevance[list(one)] == relevance.max())) for one in orders]
    taken = np.repeat(relevance > 1, 4)
    score_of_four = np.repeat(score, 4)

    (found,) = reciprocal_ranks(relevance, score, group)
    hits = taken_metrics(taken, score_of_four, np.zeros(len(taken)))

    if len(set(relevance)) > 1:
        assert found == pytest.approx(np.mean([1 / place for place in wanted]))
    if taken.any():
        met = hits["recall_at_10"] * taken.sum()
        assert hits["precision_at_10"] == pytest.approx(met / min(10, len(taken)))
        assert hits["hit_rate_at_10"] <= min(1.0, met) + 1e-12


def test_the_first_ten_of_each_user_who_took_something_count():
    users = np.repeat(["a", "b", "c"], 12)
    score = np.tile(np.arange(12.0), 3)
    taken = np.zeros(36, bool)
    taken[[11, 10, 0, 12 + 1]] = (
        True  # a: two of the first ten and one of the others; b: one of those
    )

    found = taken_metrics(taken, score, users)

    assert found == pytest.approx(
        {"precision_at_10": (2 / 10 + 0) / 2, "recall_at_10": 1 / 3, "hit_rate_at_10": 0.5}
    )


def test_the_first_of_the_most_relevant_rows_counts():
    groups = numbered(np.array(["a", "a", "a", "b", "b", "c", "c"]))
    relevance = np.array([0.0, 1, 3, 1, 0, 1, 1])

    found = reciprocal_ranks(relevance, np.array([3.0, 2, 1, 2, 1, 2, 1]), groups)

    assert found[:2].tolist() == [1 / 3, 1.0]
    assert mean_told(found) == pytest.approx(2 / 3)


def test_groups_count_alike_and_those_that_say_nothing_do_not():
    groups = np.array(["a", "a", "b", "b", "b", "c"])
    relevance = np.array([1.0, 0, 0, 2, 1, 5])

    found = rank_metrics(relevance, np.array([2.0, 1, 3, 2, 1, 0]), groups)

    second = ndcg(relevance[2:5], np.array([3.0, 2, 1]), 3)
    assert found["ndcg"] == pytest.approx((1 + second) / 2)
    assert math.isnan(rank_metrics(np.ones(6), np.ones(6), groups)["ndcg"])


def test_a_ranking_is_judged_by_whole_groups_and_compared_with_any_order():
    inputs = {"x": NUMBER, "query": TEXT}
    problem = ordered("ranking", {"y": NUMBER}, inputs, parameters={"group": "query"})
    rows = rows_of(problem.schema, {"y": [1.0, 0, 0, 1.0]}, query=["a", "a", "b", "b"])

    found = problem.evaluate(rows, {"y": np.array([1.0, 0, 0, 1])})

    assert (problem.split.by, problem.split.field) == ("group", "query")
    assert found == {"ndcg": 1.0, "ndcg_at_10": 1.0, "mrr": 1.0}
    assert problem.simple(rows, None).metrics["ndcg"] == pytest.approx((1 + 1 / math.log2(3)) / 2)


def test_a_relevance_below_nothing_is_refused():
    problem = ordered("ranking", {"y": NUMBER}, {"q": TEXT}, parameters={"group": "q"})

    with pytest.raises(InvalidData, match="below 0") as caught:
        problem.check(rows_of(problem.schema, {"y": [1.0, -1.0]}, q=["a", "a"]))
    assert caught.value.faults[0].where == 'column "y", row 2'


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({}, "/parameters/group: is missing: it names an input"),
        ({"group": "qery"}, "/parameters/group: 'qery' is no input that is used; did you mean 'query'?"),
    ],
)  # fmt: skip
def test_a_role_that_no_input_plays_is_pointed_at(given, fault):
    with pytest.raises(InvalidConfiguration) as caught:
        ordered("ranking", {"y": NUMBER}, {"x": NUMBER, "query": TEXT}, parameters=given)
    assert [str(one) for one in caught.value.faults] == [fault]


def test_a_role_has_its_types():
    with pytest.raises(InvalidConfiguration) as caught:
        ordered("forecasting", {"y": NUMBER}, {"day": TEXT}, parameters={"time": "day"})
    assert str(caught.value.faults[0]).startswith("/parameters/time: 'day' is of type text: ")


def test_ratings_are_compared_with_what_items_and_users_get():
    problem = rated(NUMBER)
    who, what = ["a", "a", "b", "b", "c"] * 8, ["x", "y", "x", "y", "y"] * 8
    learnt = rows_of(problem.schema, {"likes": [5.0, 3, 3, 1, 2] * 8}, who=who, what=what)
    rows = rows_of(problem.schema, {"likes": [4.0, 2.0]}, who=["c", "new"], what=["x", "new"])

    found = problem.simple(rows, learnt)

    assert found.answer == "what an item and a user get on the average"
    assert found.metrics["rmse"] < 0.7
    assert set(found.metrics) == set(problem.metrics)


def test_what_was_taken_is_judged_beside_pairs_that_nobody_knows_of():
    problem = rated({"type": "boolean"})
    who, what = [f"u{n}" for n in range(40)], ["hit"] * 30 + [f"i{n}" for n in range(10)]
    data = rows_of(problem.schema, {"likes": np.ones(40)}, who=who, what=what)

    problem.check(data)
    learnt, judged = problem.parted(data, problem.hold_out(data, None, 0.25, 0))

    truth = judged.target()
    assert truth.sum() == 10
    assert 20 <= (truth == 0).sum() <= 40
    known = set(zip(who, what, strict=True))
    pairs = zip(judged.inputs["who"], judged.inputs["what"], strict=True)
    assert all(((pair in known) == (one == 1)) for pair, one in zip(pairs, truth, strict=True))
    assert problem.simple(judged, learnt).answer == "how often an item is taken"


def test_of_a_forecast_the_data_holds_the_first_output_only():
    output = {"y": NUMBER, "low": NUMBER, "high": NUMBER}
    problem = ordered("forecasting", output, {"at": NUMBER}, parameters={"time": "at"})

    assert list(problem.truth_fields()) == ["y"]
    assert (problem.split.by, problem.split.field) == ("time", "at")
    rows = rows_of(problem.schema, {"y": [1.0, 2.0]}, at=[1, 2])
    said = {"y": np.array([1.0, 4]), "low": np.array([0.0, 3]), "high": np.array([2.0, 5])}
    assert problem.evaluate(rows, said) == pytest.approx(
        {
            "mae": 1.0,
            "rmse": math.sqrt(2),
            "smape": (0 + 2 * 2 / 6) / 2,
            "coverage": 0.5,
            "width": 2.0,
        }
    )


def test_a_forecast_is_compared_with_the_best_look_back():
    inputs = {"at": {"type": "timestamp"}, "shop": TEXT}
    parameters = {"time": "at", "series": "shop"}
    problem = ordered("forecasting", {"y": NUMBER}, inputs, parameters=parameters)
    hours = [f"2026-01-{1 + n // 24:02}T{n % 24:02}:00:00Z" for n in range(96)]
    values = [float(n % 24) for n in range(96)]
    whole = rows_of(problem.schema, {"y": values}, at=hours, shop=["a"] * 96)
    learnt, later = whole.take(np.arange(60)), whole.take(np.arange(60, 96))

    found = problem.simple(later, learnt)

    assert found.answer == "the value of a day before"
    assert found.metrics["mae"] == 0.0
    other = rows_of(problem.schema, {"y": [3.0]}, at=hours[70:71], shop=["new"])
    assert problem.simple(other, learnt).metrics["mae"] == pytest.approx(
        abs(np.mean(values[:60]) - 3)
    )


@pytest.mark.parametrize("split", [{"by": "random"}, {"by": "group", "field": "at"}])
def test_a_forecast_is_never_judged_by_what_lies_between(split):
    parts = {"parameters": {"time": "at"}, "training": {"split": split}}

    with pytest.raises(InvalidConfiguration) as caught:
        ordered("forecasting", {"y": NUMBER}, {"at": NUMBER}, **parts)
    assert caught.value.faults[0].where == "/training/split/by"


def test_two_bounds_or_none():
    with pytest.raises(InvalidConfiguration) as caught:
        ordered(
            "forecasting", {"y": NUMBER, "low": NUMBER}, {"at": NUMBER}, parameters={"time": "at"}
        )
    assert caught.value.faults[0].where == "/schema/output"


def test_nothing_forecast_and_nothing_true_is_no_error():
    assert forecast_metrics(np.zeros(2), np.zeros(2)) == {"mae": 0.0, "rmse": 0.0, "smape": 0.0}


def test_densities_are_judged_beside_places_drawn_by_lot():
    problem = posed({"dense": NUMBER}, {"x": NUMBER, "y": NUMBER}, kind="density-estimation")
    chance = np.random.default_rng(0)
    x = np.concatenate([chance.normal(0, 0.1, 100), chance.normal(9, 0.1, 100)])
    data = rows_of(problem.schema, {"dense": np.full(200, math.nan)}, x=x.tolist(), y=x.tolist())

    learnt, judged = problem.parted(data, problem.hold_out(data, None, 0.25, 0))

    assert judged.target().tolist() == [1.0] * 50 + [0.0] * 50
    near = np.minimum(np.abs(judged.inputs["x"]), np.abs(judged.inputs["x"] - 9))
    told = problem.evaluate(judged, {"dense": -near})
    assert told["roc_auc"] > 0.85
    assert problem.simple(judged, learnt).metrics["roc_auc"] < told["roc_auc"]


def test_events_are_met_by_hot_spots_and_those_by_their_share_of_the_area():
    output = {"dense": NUMBER, "hot": {"type": "boolean"}}
    problem = posed(output, {"x": NUMBER, "y": NUMBER}, kind="density-estimation")
    cells = rows_of(problem.schema, {"dense": [3.0, 1, 0, 0]}, x=[1, 2, 3, 4])

    found = problem.evaluate(
        cells, {"dense": np.array([9, 1, 2, 0]), "hot": np.array([0.9, 0, 0, 0])}
    )

    assert (found["hit_rate"], found["pai"]) == (0.75, 3.0)
    data = rows_of(problem.schema, {"dense": np.full(40, math.nan)}, x=[0.5] * 36 + [0, 0, 1, 1])
    _, judged = problem.parted(data, problem.hold_out(data, None, 0.5, 0))
    everywhere = {"dense": np.ones(40), "hot": np.ones(40)}
    assert problem.evaluate(judged, everywhere)["pai"] == 1.0


def test_what_is_known_of_how_likely_an_action_was_weighs_it():
    taken, likely = np.array([0, 0, 1, 1]), np.array([0.5, 0.5, 0.25, 0.25])
    brought, same = np.array([1.0, 1, 0, 0]), np.array([True, False, True, False])

    assert often(taken).tolist() == [0.5] * 4
    assert policy_value(brought, same, likely) == pytest.approx(2 / (2 + 4))


ACTIONS = {"type": "category", "values": ["a", "b"]}


def test_a_policy_is_worth_what_its_actions_brought_where_they_were_taken():
    problem = posed({"action": ACTIONS, "gain": NUMBER}, kind="bandit")
    truth = {"action": [0, 0, 0, 1], "gain": [1.0, 0.0, 0.0, 1.0]}
    rows = rows_of(problem.schema, truth)
    said = {"action": np.array([[1.0, 0], [0, 1], [0, 1], [0, 1]]), "gain": np.ones(4)}

    assert problem.evaluate(rows, said) == {"reward": 1.0, "matched": 0.5, "taken_reward": 0.5}
    assert problem.simple(rows, rows).metrics["matched"] == 0.25
    assert problem.simple(rows, None) == problem.simple(rows, rows)


def test_seldom_actions_weigh_more():
    taken, brought = np.array([0, 0, 0, 1]), np.array([1.0, 0.0, 0.0, 1.0])

    assert policy_value(brought, np.ones(4, bool), often(taken)) == pytest.approx(
        (1 / 3 * 1 + 1 * 1) / (3 * 1 / 3 + 1)
    )
    assert math.isnan(policy_value(brought, np.zeros(4, bool), often(taken)))


@pytest.mark.parametrize(
    ("kind", "output", "where"),
    [
        ("bandit", {"action": ACTIONS}, "/schema/output"),
        ("bandit", {"gain": NUMBER, "action": ACTIONS}, "/schema/output/gain"),
        ("bandit", {"action": ACTIONS, "propensity": NUMBER}, "/schema/output/propensity"),
        ("density-estimation", {"d": NUMBER, "hot": NUMBER}, "/schema/output/hot"),
        ("density-estimation", {"d": ACTIONS}, "/schema/output/d"),
        ("ranking", {"y": {"type": "integer"}}, "/schema/output/y"),
    ],
)
def test_other_outputs_are_pointed_at(kind, output, where):
    with pytest.raises(InvalidConfiguration) as caught:
        posed(output, kind=kind)
    assert caught.value.faults[0].where == where
