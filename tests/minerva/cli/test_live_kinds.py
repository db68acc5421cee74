"""Every kind of problem has live metrics, or says why not: trained, asked, told and shown."""

import json
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from minerva.layers.abstraction.monitoring.judging import Judging
from minerva.layers.abstraction.monitoring.store import Span
from minerva.layers.abstraction.registry.records import DEFAULT_TENANT
from minerva.layers.abstraction.services.parsing import parse

RANKING = """
service: offers
algorithm: pairwise.ranker
parameters: {group: search}
schema:
  inputs: {search: {type: text}, price: {type: number}}
  output: {relevance: {type: number}}
data: {source: csv, path: offers.csv}
"""
RECOMMENDATION = """
service: films
algorithm: factors.recommender
parameters: {user: user, item: item, factors: 4}
schema:
  key: pair
  inputs: {user: {type: integer}, item: {type: integer}}
  output: {watched: {type: boolean}}
data: {source: csv, path: films.csv}
"""
BANDIT = """
service: banners
algorithm: linear.bandit
schema:
  key: visitor
  inputs: {age: {type: number}}
  output: {banner: {type: category, values: [old, young]}, clicks: {type: number, minimum: 0}}
data: {source: csv, path: banners.csv}
"""
CLUSTERING = """
service: segments
algorithm: kmeans.clusters
parameters: {clusters: 2}
schema:
  key: customer
  inputs: {spent: {type: number}, visits: {type: number}}
  output: {segment: {type: integer}}
data: {source: csv, path: points.csv}
"""
REDUCTION = """
service: map
algorithm: pca.components
schema:
  key: customer
  inputs: {spent: {type: number}, visits: {type: number}}
  output: {across: {type: number}}
data: {source: csv, path: points.csv}
"""
DENSITY = """
service: patrol
algorithm: kernel.density
schema:
  key: cell
  inputs: {east: {type: number}, north: {type: number}}
  output: {density: {type: number}, hot: {type: boolean}}
data: {source: csv, path: crimes.csv}
"""


@pytest.fixture
def table(tmp_path):
    """Write a CSV file; return where it is."""

    def written(name, header, rows):
        lines = [header, *(",".join(map(str, row)) for row in rows)]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        return tmp_path / name

    return written


@pytest.fixture
def trained(minerva, serving):
    """Train a service in a sidecar of this process; give the sidecar's parts."""
    opened = []

    def made(name, text):
        context = serving(**{name: text})
        container = context.__enter__()
        opened.append(context)
        configuration = container.registry.configuration(DEFAULT_TENANT, name)
        container.versioning.make(
            configuration, job_id=None, author="tests", progress=lambda *_: None
        )
        container.live.refresh()
        return container

    yield made
    for context in opened:
        context.__exit__(None, None, None)


@pytest.fixture
def ask(minerva):
    """Run a command that must succeed."""

    def run(*words):
        result = minerva(*words)
        assert result.exit_code == 0, result.output
        return result

    return run


@pytest.fixture
def live(ask):
    """What the performance of the only version is, as machines get it."""

    def told(name):
        (version,) = json.loads(ask("--json", "performance", name).stdout)["performance"][
            "versions"
        ]
        return version

    return told


def prices(number):
    """Five offers of one search, of which the cheapest is wanted."""
    chance = random.Random(number)
    found = [chance.randint(10, 99) + place / 10 for place in range(5)]
    return [(f"s{number}", price, int(price == min(found))) for price in found]


@pytest.fixture
def ranked(table, trained, ask):
    """Offers that 32 searches were answered with, each by a call; give them and the sidecar."""
    table("offers.csv", "search,price,relevance", [row for n in range(60) for row in prices(n)])
    opened = trained("offers", RANKING)
    searches = [prices(n) for n in range(32)]
    for number, offers in enumerate(searches):
        file = table("asked.csv", "search,price", [row[:2] for row in offers])
        ask("predict", "offers", file, "--request-id", f"search-{number}")
    return searches, opened


def relevances(table, searches, wanted=lambda relevance: relevance):
    """A file that tells what was wanted, row by row of each call."""
    rows = [
        (f"search-{number}", row, wanted(offer[2]))
        for number, offers in enumerate(searches)
        for row, offer in enumerate(offers)
    ]
    return table("told.csv", "request_id,row,relevance", rows)


def test_a_ranking_is_judged_by_whole_lists(ranked, table, ask, live):
    searches, _ = ranked
    told = ask("feedback", "offers", relevances(table, searches)).stdout
    assert told.startswith("160 told: 160 joined")

    found = live("offers")
    assert found["metrics"] == {"ndcg": 1.0, "ndcg_at_10": 1.0, "mrr": 1.0}
    assert found["verdict"].startswith(
        "As in training: ndcg 1.0000 (1.0000 to 1.0000) on 32 live lists"
    )
    assert found["truth_delay_s"]["median"] >= 0
    assert found["baseline"]["metrics"]["mrr"] == pytest.approx(sum(1 / n for n in range(1, 6)) / 5)
    shown = ask("performance", "offers").stdout
    assert "must beat    any order: ndcg 0.5" in shown
    assert "truths came" in shown
    assert ["mrr", "1", "1"] in [line.split() for line in shown.splitlines()]


def test_a_ranking_that_decays_is_noticed_as_any_other(ranked, table, ask, live):
    searches, opened = ranked
    ask("feedback", "offers", relevances(table, searches, lambda relevance: 1 - relevance))

    assert live("offers")["verdict"].startswith("Worse than in training: ndcg")
    decay = decay_of(opened, "offers")
    assert (decay.metric, decay.held_out, decay.truths) == ("ndcg", 1.0, 160)


def decay_of(opened, name, after=timedelta()):
    """What has decayed of a service, looked at so much later."""
    now = opened.stores.clock.now() + after
    judging = Judging(opened.registry, opened.stores.inferences, lambda _: None, lambda: now)
    declared = parse(opened.registry.configuration(DEFAULT_TENANT, name).declaration)
    return judging(DEFAULT_TENANT, name, declared).decay


def happens_again(opened, name, after, say=lambda answer: answer):
    """Record all that was recorded once more, so much later, with other answers and the same truths."""
    records, now = opened.stores.inferences, opened.stores.clock.now()
    span = Span(DEFAULT_TENANT, name, now - timedelta(days=1), now + timedelta(days=1))
    records.add([
        replace(one, request_id=f"{one.request_id}-again", at=one.at + after,
                truth_at=one.truth_at and one.truth_at + after,
                answer=json.dumps(say(json.loads(one.answer))))
        for one in records.newest(span, 5000)
    ])  # fmt: skip


def test_lists_of_which_only_what_was_wanted_is_told_say_what_is_missing(ranked, table, ask, live):
    searches, _ = ranked
    ask("feedback", "offers", relevances(table, searches, lambda _: 1))

    found = live("offers")
    assert found["metrics"] == {}
    assert found["verdict"] == (
        "These lists do not tell ndcg. In no list do rows differ in relevance: "
        "tell 0 of what was not wanted."
    )


def test_recommendations_are_judged_by_what_was_taken_of_what_was_shown(table, trained, ask, live):
    pairs = [(user, item) for user in range(40) for item in range(24) if (user + item) % 2 == 0]
    chance = random.Random(3)
    known = [pair for pair in pairs if chance.random() < 0.7]
    table("films.csv", "pair,user,item,watched", [(f"{u}-{i}", u, i, "true") for u, i in known])
    opened = trained("films", RECOMMENDATION)
    shown = [(f"{u}-{i}", u, i) for u in range(40) for i in range(24)]
    ask("predict", "films", table("shown.csv", "pair,user,item", shown))
    taken = [(f"{u}-{i}", "true") for u, i in pairs if (u, i) not in set(known)]

    ask("feedback", "films", table("taken.csv", "pair,watched", taken))

    found, metrics = live("films"), live("films")["metrics"]
    assert found["truths"] == len(taken)
    assert {"roc_auc", "ndcg", "precision_at_10", "recall_at_10", "hit_rate_at_10"} <= set(metrics)
    assert metrics["hit_rate_at_10"] > 0.5
    assert 0 < metrics["precision_at_10"] < 0.5
    assert found["held_out"] == {}
    assert "not to be held beside training: in training what was taken" in found["verdict"]
    assert decay_of(opened, "films") is None
    happens_again(opened, "films", timedelta(days=19))
    assert decay_of(opened, "films", timedelta(days=20)) is None


def test_recommendations_decay_beside_what_they_were_earlier_in_use(table, trained, ask):
    pairs = [(user, item) for user in range(40) for item in range(24) if (user + item) % 2 == 0]
    table("films.csv", "pair,user,item,watched", [(f"{u}-{i}", u, i, "true") for u, i in pairs])
    opened = trained("films", RECOMMENDATION)
    shown = [(f"{u}-{i}", u, i) for u in range(40) for i in range(24)]
    ask("predict", "films", table("shown.csv", "pair,user,item", shown))
    ask("feedback", "films", table("taken.csv", "pair,watched", [(f"{u}-{i}", "true") for u, i in pairs]))  # fmt: skip

    def turned(said):
        return {"watched": False, "watched_probability": 1 - said["watched_probability"]}

    happens_again(opened, "films", timedelta(days=19), turned)

    decay = decay_of(opened, "films", timedelta(days=20))
    assert (decay.metric, decay.beside) == ("roc_auc", "earlier use")
    assert decay.value < 0.5 < decay.held_out
    assert decay_of(opened, "films", timedelta(days=33)) is None  # nothing earlier is recorded


@pytest.fixture
def played(table, trained, ask):
    """Eighty visitors who were shown a banner each; give their ages."""
    chance = random.Random(4)
    rows = []
    for number in range(400):
        age, banner = chance.randint(10, 90), chance.choice(["old", "young"])
        rows.append((number, age, banner, int((age > 50) == (banner == "old"))))
    table("banners.csv", "visitor,age,banner,clicks", rows)
    trained("banners", BANDIT)
    ages = [20, 80] * 40
    file = table("visitors.csv", "visitor,age", [(f"v{n}", age) for n, age in enumerate(ages)])
    ask("predict", "banners", file)
    return ages


def test_a_bandit_is_told_the_reward_of_what_was_played(played, table, ask, live):
    rows = [(f"v{n}", 1 if n % 4 else 0) for n in range(len(played))]
    told = ask("feedback", "banners", table("told.csv", "visitor,clicks", rows)).stdout
    assert told.startswith("80 told: 80 joined")

    found = live("banners")
    assert found["metrics"] == {"reward": 0.75, "matched": 1.0, "taken_reward": 0.75}
    assert found["baseline"]["answer"] == "always the action that brought most"
    assert found["verdict"].startswith("Worse than in training: reward 0.75")
    single = ask("feedback", "banners", "--key", "v0", "--truth", "3").stdout
    assert "1 told: 1 joined" in single


def test_a_bandit_that_explores_is_weighed_by_propensity(played, table, ask, live):
    rows = []
    for number, age in enumerate(played):
        best, other = ("old", "young") if age > 50 else ("young", "old")
        explored = number % 10 < 2
        banner, propensity = (other, 0.2) if explored else (best, 0.8)
        rows.append((f"v{number}", banner, int(not explored), propensity))

    ask("feedback", "banners", table("told.csv", "visitor,banner,clicks,propensity", rows))

    found = live("banners")
    assert found["metrics"] == {"reward": 1.0, "matched": 0.8, "taken_reward": 0.8}
    assert found["baseline"]["metrics"]["reward"] == pytest.approx(0.5)
    shown = ask("performance", "banners").stdout
    assert "must beat    always the action that brought most: reward 0.5000" in shown


def test_a_bandit_s_truth_is_checked_and_named_with_its_place(played, table, minerva):
    wrong = table("told.csv", "visitor,clicks,propensity", [("v1", 1, 0), ("v2", -1, 0.5)])

    result = minerva("feedback", "banners", wrong)

    assert result.exit_code == 2
    assert "record 1 truth propensity: is below the minimum" in result.output
    assert "record 2 truth clicks: is below the minimum of 0" in result.output
    service = json.loads(minerva("--json", "services", "show", "banners").stdout)
    assert [one["name"] for one in service["truth"]] == ["clicks", "banner", "propensity"]


@pytest.fixture
def points(table):
    """Two kinds of customers, as rows of a file."""
    chance = random.Random(5)
    rows = [
        (f"c{n}", round(chance.gauss(n % 2 * 10, 1), 3), round(chance.gauss(n % 2 * 8, 1), 3))
        for n in range(200)
    ]
    return table("points.csv", "customer,spent,visits", rows)


def test_clusters_are_judged_without_truth_and_by_the_classes_that_are_told(
    points, table, trained, ask, live
):
    opened = trained("segments", CLUSTERING)
    ask("predict", "segments", points)

    before = live("segments")
    ask("feedback", "segments", table("told.csv", "customer,segment", [(f"c{n}", n % 2) for n in range(50)]))  # fmt: skip
    after = live("segments")

    assert set(before["metrics"]) == {"silhouette", "davies_bouldin", "clustered"}
    assert before["held_out"]["silhouette"] == pytest.approx(
        before["metrics"]["silhouette"], abs=0.2
    )
    low, high = before["interval"]
    assert low < before["metrics"]["silhouette"] < high < low + 0.1
    assert "on 200 live answers, " in before["verdict"]
    assert (after["metrics"]["adjusted_rand"], after["metrics"]["purity"]) == (1.0, 1.0)
    assert after["truths"] == 50
    assert decay_of(opened, "segments") is None


def test_clusters_that_no_longer_hold_together_have_decayed(points, table, trained, ask, live):
    opened = trained("segments", CLUSTERING)
    chance = random.Random(7)
    rows = [(f"c{n}", chance.uniform(-2, 12), chance.uniform(-2, 10)) for n in range(200)]

    ask("predict", "segments", table("even.csv", "customer,spent,visits", rows))

    found, decay = live("segments"), decay_of(opened, "segments")
    assert found["verdict"].startswith("Worse than in training: silhouette ")
    assert (decay.metric, decay.beside, decay.truths) == ("silhouette", "training", 200)
    assert decay.value == found["metrics"]["silhouette"] < decay.held_out


def test_dimensions_are_judged_without_truth_and_say_that_there_is_none(
    points, trained, ask, minerva, live
):
    trained("map", REDUCTION)
    ask("predict", "map", points)

    found = live("map")

    assert found["metrics"]["explained_variance"] > 0.9
    assert set(found["held_out"]) == {"explained_variance", "trustworthiness"}
    low, high = found["interval"]
    assert low < found["metrics"]["explained_variance"] < high
    assert found["verdict"].startswith("As in training: explained_variance ")
    refused = minerva("feedback", "map", "--key", "c1", "--truth", "1")
    assert refused.exit_code == 1
    assert "There is no truth for dimension-reduction" in refused.output


def test_densities_are_judged_by_what_happened_where(table, trained, ask, live):
    chance = random.Random(6)
    places = [(3, 3), (8, 1)] * 150
    crimes = [(chance.gauss(x, 0.6), chance.gauss(y, 0.6)) for x, y in places]
    table("crimes.csv", "east,north", crimes)
    trained("patrol", DENSITY)
    cells = [(f"{x}/{y}", x, y) for x in range(10) for y in range(10)]
    ask("predict", "patrol", table("cells.csv", "cell,east,north", cells))
    happened = [(cell, 4 if (x, y) == (3, 3) else int((x, y) == (9, 9))) for cell, x, y in cells]

    ask("feedback", "patrol", table("told.csv", "cell,density", happened))

    metrics, verdict = live("patrol")["metrics"], live("patrol")["verdict"]
    assert metrics["hit_rate"] == 0.8
    assert metrics["pai"] > 10
    assert set(metrics) == {"roc_auc", "average_precision", "hit_rate", "pai"}
    assert "not to be held beside training: in training rows stood beside places" in verdict
