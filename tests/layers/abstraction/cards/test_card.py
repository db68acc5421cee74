"""A card tells what the manifest and the registry know of a version, and nothing personal."""

import json
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest

from minerva.errors import NotFound
from minerva.layers.abstraction.cards.card import card_of, standing_of
from minerva.layers.abstraction.cards.limits import limits
from minerva.layers.abstraction.cards.lineage import lineage
from minerva.layers.abstraction.cards.plots import bars, chances
from minerva.layers.abstraction.monitoring.store import Answered


@pytest.fixture
def card(container):
    """Return the card of a version of the service `value`."""
    return lambda number=None: card_of(standing_of(container.registry, "default", "value", number))


def test_a_card_tells_data_quality_and_who_decided(make, card, container):
    make("value", description="What it is worth.")
    make("value", parameters={"shift": 0.5}, description="What it is worth.")

    first, second = card(1), card()

    assert (second["version"], second["serves"], first["serves"]) == ("2", ["champion"], [])
    assert second["purpose"] == "What it is worth."
    assert (second["data"]["rows"], second["data"]["origin"]["path"]) == (40, "data.csv")
    assert second["configuration"]["author"] == "tests"
    assert [(one["became"], one["other"]) for one in first["decisions"]] == [
        (True, None),
        (False, 2),
    ]
    assert second["decisions"][0]["reason"] == "No gate is declared."
    rmse = next(one for one in second["metrics"] if one["name"] == "rmse")
    assert rmse["interval"][0] <= rmse["value"] <= rmse["interval"][1]
    assert json.loads(json.dumps(second)) == second


def test_a_card_holds_no_value_of_a_personal_field(make, card):
    make("value")

    assert "example.org" not in json.dumps(card())


def test_before_there_is_a_champion_the_newest_version_is_told(make, card):
    make("value", training={"promote": False})

    assert (card()["version"], card()["serves"], card()["decisions"]) == ("1", [], [])


def test_there_is_no_card_of_what_is_not_there(declare, card):
    with pytest.raises(NotFound):
        card()
    declare("value")
    with pytest.raises(NotFound, match="no version yet"):
        card()
    with pytest.raises(NotFound):
        card(3)


def test_lineage_leads_from_the_source_to_who_let_it_serve(make, container):
    make("value")
    make("value", parameters={"shift": 1.0})

    graph = lineage(container.registry, "default", "value")

    kinds = {node["id"]: node["kind"] for node in graph["nodes"]}
    steps = {(kinds[one["from"]], one["as"], kinds[one["to"]]) for one in graph["edges"]}
    assert steps == {
        ("source", "read", "data"),
        ("data", "learnt from", "version"),
        ("configuration", "declared", "version"),
        ("version", "became", "alias"),
    }
    assert sorted(kinds.values()).count("version") == 2
    assert sorted(kinds.values()).count("data") == 1  # both have learnt from the same rows
    assert {one["replaced"] for one in graph["edges"] if one["as"] == "became"} == {None, 1}


def test_lineage_ends_in_what_a_version_answered(make, container):
    make("value")
    times = [datetime(2026, 1, day, tzinfo=UTC) for day in (3, 2, 1)]
    told = [Answered(1, at, 1.0, degraded=False, shadow=False) for at in times]
    others = [
        Answered(1, times[0], 1.0, degraded=False, shadow=True),
        Answered(None, times[0], 1.0, degraded=True, shadow=False),
    ]

    graph = lineage(container.registry, "default", "value", answered=[*others, *told])

    (node,) = [one for one in graph["nodes"] if one["kind"] == "predictions"]
    assert (node["count"], node["since"][:10], node["until"][:10]) == (
        3, "2026-01-01", "2026-01-03",
    )  # fmt: skip
    assert ("version:1", node["id"], "answered") in {
        (one["from"], one["to"], one["as"]) for one in graph["edges"]
    }


def test_lineage_of_one_version_leaves_the_others_out(make, container):
    make("value")
    make("value", parameters={"shift": 1.0})

    graph = lineage(container.registry, "default", "value", 2)

    assert [node["name"] for node in graph["nodes"] if node["kind"] == "version"] == ["2"]
    with pytest.raises(NotFound, match="no version 9"):
        lineage(container.registry, "default", "value", 9)


MANIFEST = {
    "data": {
        "held_out_rows": 1000,
        "report": {
            "missing": {"age": 0.3, "sex": 0.01},
            "constant": ["country"],
            "classes": {"yes": 0.01, "no": 0.99},
        },
    },
    "baseline": {"beaten": False, "answer": "always the mean"},
    "appraisal": {
        "metric": "rmse",
        "worst": {"field": "shop", "group": "south", "rows": 80, "value": 3.5},
        "calibration": {"of": "'yes'", "error": 0.2},
    },
}


def test_limits_are_told_in_sentences():
    assert limits(MANIFEST) == [
        "It is no better than always the mean.",
        "It is worse where shop is south: rmse 3.500 in 80 rows.",
        "Its chances of 'yes' are off by 20% on average: take them as an order, not as shares.",
        "age was missing in 30% of the rows that it learnt from.",
        "country never varied: what follows from another value is unknown.",
        "'yes' was the truth of 1.00% of the rows: it has hardly seen any.",
    ]


def test_what_was_never_measured_is_told_first():
    assert limits({}) == ["Nothing was held out: how good it is has not been measured."]
    assert limits({"data": {"held_out_rows": 50}})[0].startswith("It was measured on 50 rows only")


@pytest.mark.parametrize(
    "drawn",
    [
        bars("<a> & b", [("<script>", 0.5, True), ("x", -0.25, False), ("y", 0.0, False)]),
        chances("<a> & b", [{"told": 0.1, "came_true": 0.2, "rows": 10}]),
    ],
)
def test_plots_are_svg_that_escapes_what_it_writes(drawn):
    plot = ET.fromstring(drawn)

    assert plot.get("aria-label") == "<a> & b"
    assert "<script>" not in drawn


def test_there_is_no_plot_of_nothing():
    assert bars("nothing", []) == ""
