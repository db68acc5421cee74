"""Likings, orders, densities and actions are what their definitions say."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.neighbors import KernelDensity as TheirDensity

from minerva import InvalidConfiguration, InvalidData, TrainingContext, TrainingData
from minerva.layers.application.catalogue.arrays import load_arrays, save_arrays
from minerva.layers.application.catalogue.bandit import LinearBandit
from minerva.layers.application.catalogue.hotspots import KernelDensity
from minerva.layers.application.catalogue.ranker import PairwiseRanker
from minerva.layers.application.catalogue.recommender import Recommender
from minerva.layers.application.places import EARTH_KM
from minerva.schema import Decoder, Schema

NUMBER, TEXT = {"type": "number"}, {"type": "text"}
CHANCE = np.random.default_rng(0)


def context_of(algorithm, inputs, output, **parameters):
    schema = Schema.parse({"inputs": inputs, "output": output})
    return TrainingContext(schema, algorithm.Parameters(**parameters), Path(), seed=1)


def batch_of(context, **columns):
    names = list(columns)
    records = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return Decoder(context.schema).records(records)


def learnt(algorithm, context, truth, **columns):
    targets = {name: np.asarray(values) for name, values in truth.items()}
    return algorithm.train(TrainingData(batch_of(context, **columns), targets), context)


def liking(output, **parameters):
    return context_of(
        Recommender(),
        {"who": TEXT, "what": TEXT},
        {"likes": output},
        user="who",
        item="what",
        **parameters,
    )


def test_ratings_of_two_tastes_are_completed():
    taste = np.array([1.0, -1.0] * 20)
    kind = np.array([1.0, 1.0, -1.0, -1.0] * 6)
    table = 3 + 1.5 * np.outer(taste, kind)
    seen = CHANCE.random(table.shape) < 0.6
    who, what = np.nonzero(seen)
    context = liking(NUMBER, factors=2, penalty=0.01)
    model = learnt(
        Recommender(),
        context,
        {"likes": table[seen]},
        who=[f"u{n}" for n in who],
        what=[f"i{n}" for n in what],
    )

    unseen_who, unseen_what = np.nonzero(~seen)
    asked = batch_of(
        context, who=[f"u{n}" for n in unseen_who], what=[f"i{n}" for n in unseen_what]
    )
    said = model.predict(asked)["likes"]
    assert np.abs(said - table[~seen]).mean() < 0.2


def test_who_is_not_known_gets_what_an_item_gets_on_the_average():
    context = liking(NUMBER)
    who, what = [f"u{n}" for n in range(40)] * 2, ["good"] * 40 + ["bad"] * 40
    model = learnt(Recommender(), context, {"likes": [5.0] * 40 + [1.0] * 40}, who=who, what=what)

    said = model.predict(batch_of(context, who=["new"] * 3, what=["good", "bad", "new"]))["likes"]

    assert said[0] > 4.5
    assert said[1] < 1.5
    assert said[2] == pytest.approx(3.0)


def test_what_others_of_the_same_taste_took_is_likelier():
    context = liking({"type": "boolean"}, factors=2)
    pairs = [
        (f"u{u}", f"i{i}")
        for u in range(20)
        for i in range(10)
        if u % 2 == i % 2 and (u, i) != (0, 2)
    ]
    who, what = zip(*pairs, strict=True)
    model = learnt(Recommender(), context, {"likes": np.ones(len(pairs))}, who=who, what=what)

    said = model.predict(batch_of(context, who=["u0", "u0"], what=["i2", "i3"]))["likes"]

    assert said[0] > 0.5 > said[1]


def test_factors_that_do_not_belong_to_their_names_are_refused(tmp_path):
    context = liking(NUMBER)
    model = learnt(Recommender(), context, {"likes": [1.0, 2.0]}, who=["a", "b"], what=["x", "y"])
    model.save(tmp_path)
    arrays, facts = load_arrays(tmp_path)
    save_arrays(tmp_path, {**arrays, "users": arrays["users"][:1]}, facts)

    with pytest.raises(InvalidData, match="damaged"):
        Recommender().load(tmp_path, context)


def ordering(**parameters):
    inputs = {"query": TEXT, "match": NUMBER, "noise": NUMBER}
    return context_of(PairwiseRanker(), inputs, {"relevance": NUMBER}, group="query", **parameters)


def test_rows_are_put_in_order_by_what_makes_them_relevant_in_their_group():
    context, base = ordering(), np.repeat(CHANCE.normal(0, 100, 40), 6)
    relevance = np.tile([0.0, 1, 2, 0, 1, 2], 40)
    columns = {
        "query": [f"q{n // 6}" for n in range(240)],
        "match": (base + relevance).tolist(),  # only inside a group does it say anything
        "noise": CHANCE.normal(size=240).tolist(),
    }
    model = learnt(PairwiseRanker(), context, {"relevance": relevance}, **columns)

    said = model.predict(batch_of(context, query=["a"] * 3, match=[5, 6, 7], noise=[0, 0, 0]))
    assert (np.diff(said["relevance"]) > 0).all()


def test_where_nothing_differs_within_a_group_there_is_nothing_to_learn():
    columns = {"query": ["a"] * 10 + ["b"] * 10, "match": [0] * 20, "noise": [0] * 20}

    with pytest.raises(InvalidData, match="In no group"):
        learnt(PairwiseRanker(), ordering(), {"relevance": [0.0] * 10 + [1.0] * 10}, **columns)


def test_an_order_needs_more_than_the_group():
    context = context_of(PairwiseRanker(), {"query": TEXT}, {"relevance": NUMBER}, group="query")

    with pytest.raises(InvalidData, match="no input beside the group"):
        learnt(PairwiseRanker(), context, {"relevance": [0.0, 1.0]}, query=["a", "a"])


PLANE = {"x": NUMBER, "y": NUMBER}


def test_a_density_is_scikit_learns_in_the_units_of_the_inputs():
    context = context_of(KernelDensity(), PLANE, {"dense": NUMBER}, width=0.4)
    places = CHANCE.normal([5, -3], [1, 10], (200, 2))
    x, y = places.T.tolist()
    model = learnt(KernelDensity(), context, {"dense": np.full(200, np.nan)}, x=x, y=y)

    spread = places.std(axis=0)
    theirs = TheirDensity(bandwidth=0.4).fit(places / spread)
    wanted = np.exp(theirs.score_samples(places / spread)) / spread.prod()
    assert model.predict(batch_of(context, x=x, y=y))["dense"] == pytest.approx(wanted)


def test_on_the_earth_it_is_per_square_kilometre_and_knows_no_border():
    context = context_of(
        KernelDensity(), PLANE, {"dense": NUMBER}, longitude="x", latitude="y", width=100.0
    )
    x, y = [179.0, -179.0] * 20, [60.0] * 40
    model = learnt(KernelDensity(), context, {"dense": np.full(40, np.nan)}, x=x, y=y)

    east, north = np.meshgrid(np.arange(170, 190, 0.2), np.arange(50, 70, 0.2))
    wrapped = np.where(east > 180, east - 360, east).ravel()
    dense = model.predict(batch_of(context, x=wrapped.tolist(), y=north.ravel().tolist()))["dense"]
    area = (EARTH_KM * np.pi / 180 * 0.2) ** 2 * np.cos(np.radians(north.ravel()))
    assert (dense * area).sum() == pytest.approx(1.0, abs=0.01)
    assert dense[np.argmin(np.abs(wrapped - 180) + np.abs(north.ravel() - 60))] > dense[0]


def test_hot_spots_hold_their_share_of_what_is_known():
    output = {"dense": NUMBER, "hot": {"type": "boolean"}}
    context = context_of(KernelDensity(), PLANE, output, share=0.2)
    x, y = CHANCE.normal(size=(2, 500)).tolist()
    model = learnt(KernelDensity(), context, dict.fromkeys(output, np.full(500, np.nan)), x=x, y=y)

    said = model.predict(batch_of(context, x=x, y=y))

    assert (said["hot"] >= 0.5).mean() == pytest.approx(0.2, abs=0.1)
    assert model.predict(batch_of(context, x=[99], y=[99]))["hot"][0] == 0


@pytest.mark.parametrize(
    ("inputs", "output", "parameters", "where"),
    [
        (PLANE, {"d": {"type": "integer"}}, {}, "/schema/output"),
        (PLANE, {"d": NUMBER}, {"longitude": "x"}, "/parameters"),
        ({**PLANE, "z": NUMBER}, {"d": NUMBER}, {"longitude": "x", "latitude": "y"}, "/parameters"),
        ({"kind": {"type": "boolean"}}, {"d": NUMBER}, {}, "/schema/inputs/kind"),
    ],
)
def test_a_density_of_something_else_is_pointed_at(inputs, output, parameters, where):
    context = context_of(KernelDensity(), inputs, output, **parameters)

    with pytest.raises(InvalidConfiguration) as caught:
        KernelDensity().train(TrainingData(None, {}), context)
    assert caught.value.faults[0].where == where


def acting(**parameters):
    output = {"offer": {"type": "category", "values": ["a", "b", "c"]}, "gain": NUMBER}
    return context_of(LinearBandit(), {"x": NUMBER}, output, **parameters)


def test_the_action_is_the_one_of_which_most_is_expected():
    x, offer = CHANCE.normal(size=300), CHANCE.integers(0, 2, 300)
    gain = np.where(offer == 0, x, -x) + CHANCE.normal(scale=0.1, size=300)
    context = acting(explore=0.0, penalty=1e-6)
    model = learnt(LinearBandit(), context, {"offer": offer, "gain": gain}, x=x.tolist())

    said = model.predict(batch_of(context, x=[2, -2]))

    assert said["offer"].tolist() == [0, 1]
    theirs = Ridge(1e-6).fit(x[offer == 0, np.newaxis], gain[offer == 0]).predict([[2.0]])
    assert said["gain"][0] == pytest.approx(theirs[0], abs=1e-3)


def test_an_action_that_nobody_took_is_tried_if_one_wants_to_explore():
    offer, gain = np.array([0, 1] * 50), np.array([0.4, 0.6] * 50)
    truth = {"offer": offer, "gain": gain + CHANCE.normal(scale=0.1, size=100)}

    timid = learnt(LinearBandit(), acting(explore=0.0), truth, x=[0] * 100)
    bold = learnt(LinearBandit(), acting(explore=5.0), truth, x=[0] * 100)

    asked = batch_of(acting(), x=[0])
    assert timid.predict(asked)["offer"].tolist() == [1]
    assert bold.predict(asked)["offer"].tolist() == [2]


def test_an_action_without_a_reward_is_refused():
    context = context_of(
        LinearBandit(), {"x": NUMBER}, {"offer": {"type": "category", "values": ["a", "b"]}}
    )

    with pytest.raises(InvalidConfiguration, match="then a number, its reward"):
        LinearBandit().train(TrainingData(None, {}), context)
