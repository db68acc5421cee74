"""Training flows: steps learn in turn, what they learnt is kept, and others may take it over."""

import csv

import numpy as np
import pytest
import yaml
from flow_house import flow

from minerva.errors import MinervaError

ROWS = 400


def data(house, shift=0.0, name="rows.csv"):
    """Write rows whose truth is how far they are above 50, and return where they are."""
    chance = np.random.default_rng(3)
    with (house.workspace / name).open("w") as file:
        table = csv.writer(file)
        table.writerow(["count", "high"])
        for value in chance.uniform(0, 100, ROWS):
            table.writerow([round(value + shift, 3), "true" if value + shift > 50 else "false"])
    return {"source": "csv", "path": name}


def learning(**more):
    """A flow that learns a mean, and from the distance to it whether a number is high."""
    return flow(
        {
            "mean": {"features": "mean", "inputs": {"value": "count"}},
            "high": {
                "learn": "xgboost.classifier",
                "inputs": {"apart": "mean.apart"},
                "parameters": {"n_estimators": 20},
            },
        },
        output={"high": {"type": "boolean"}},
        **more,
    )


def train(house, service="flow"):
    """Train as a job does."""
    container = house.container
    told = container.versioning.make(
        container.registry.configuration("default", service),
        job_id=None,
        author="tests",
        progress=lambda *_, **__: None,
    )
    container.live.refresh()
    return told


def test_steps_learn_in_turn_from_what_those_before_made(house):
    assert house.declare(learning(data=data(house))) == []
    assert house.container.live.find("default", "flow").loaded is None

    told = train(house)

    assert told["promoted"]
    assert told["metrics"]["roc_auc"] > 0.99
    assert told["rows"] == ROWS
    assert [one["high"] for one in house.predict({"count": 20}, {"count": 80})] == [False, True]
    assert house.model().works.learnt.arrays["mean"]["mean"] == pytest.approx(50, abs=3)


def test_a_version_proves_itself_by_goldens_and_answers_the_same_after_a_restart(house):
    house.declare(learning(data=data(house)))
    train(house)
    number = house.container.live.find("default", "flow").version.number
    version = house.container.registry.version("default", "flow", number)
    before = house.predict({"count": 49.5}, {"count": 50.5})

    again = house.container.versioning.loader.load(version)

    assert version.manifest["goldens"] == 16
    batch = again.decoder.records([{"count": 49.5}, {"count": 50.5}])
    chances = again.model.predict(batch)["high"]
    assert np.allclose(chances, [one["high_probability"] for one in before], atol=1e-6)


def test_the_same_data_gives_the_same_version(house):
    house.declare(learning(data=data(house)))

    assert train(house)["digest"] == train(house)["digest"]


def test_another_flow_takes_a_step_as_it_is_now_and_keeps_it_so(house):
    house.declare(learning(data=data(house)))
    train(house)
    other = flow(
        {"mean": {"features": "flow.mean", "inputs": {"value": "count"}}},
        answer={"apart": "mean.apart"},
        output={"apart": {"type": "number"}},
        data={"source": "csv", "path": "apart.csv"},
    ) | {"service": "other"}
    with (house.workspace / "apart.csv").open("w") as file:
        csv.writer(file).writerows([["count", "apart"], *([n, n - 50 + n % 3] for n in range(100))])
    assert house.declare(other) == []
    train(house, "other")
    mean = float(house.model().works.learnt.arrays["mean"]["mean"][0])

    house.declare(learning(data=data(house, shift=30, name="later.csv")))
    train(house)

    assert house.predict({"count": 0}, service="other") == [{"apart": pytest.approx(-mean)}]
    assert house.model().works.learnt.arrays["mean"]["mean"][0] > mean + 20
    assert house.model("other").kept.shared["mean"].origin == "flow.mean"


def test_a_step_of_what_is_no_flow_cannot_be_taken(house):
    said = house.declare(
        learning(data=data(house)),
        flow({"mean": {"features": "flow.maen", "inputs": {"value": "count"}}})
        | {"service": "other"},
    )

    assert "Flow 'flow' has no step 'maen'; did you mean 'mean'?" in said[0]


def test_a_flow_that_learns_needs_data(house):
    house.declare(learning())

    with pytest.raises(MinervaError, match="declares no data"):
        train(house)


def test_an_algorithm_in_a_process_of_its_own_is_no_part_of_a_flow(house):
    declared = learning(data=data(house))
    declared["parameters"]["steps"]["high"]["learn"] = "sklearn.model"
    declared["parameters"]["steps"]["high"]["parameters"] = {"path": "m.skops"}

    (said, *_) = house.declare(declared)

    assert (
        "make it a service, and ask that by `predict:`" in said
        or "cannot be a part of a flow" in said
    )


def test_steps_that_the_answer_does_not_need_do_not_run_while_it_is_evaluated(house, seen):
    declared = learning(data=data(house))
    declared["parameters"]["steps"]["aside"] = {"handle": "slow", "inputs": {"value": "count"}}
    house.declare(declared)

    train(house)

    assert seen["most"] == 0
    house.predict({"count": 1})
    assert seen["most"] == 1


def test_a_flow_in_a_file_is_watched_like_a_service(house):
    declared = house.flow(
        {"twice": {"handle": "fragile", "inputs": {"value": "count"}}},
        answer={"total": "twice.twice"},
    )
    before = house.container.live.find("default", "flow").version.number
    declared["parameters"]["steps"]["twice"]["batch"] = 10
    (house.workspace / "flows" / "flow.yaml").write_text(yaml.safe_dump(declared))

    house.container.workspace_services.refresh()
    house.container.live.refresh()

    assert house.container.live.find("default", "flow").version.number == before + 1


def test_a_version_works_by_its_own_copy_of_the_plugin_that_brought_its_steps(house):
    house.declare(learning(data=data(house)))
    train(house)
    version = house.container.live.find("default", "flow").version
    before = house.predict({"count": 20})
    plugin = house.workspace / "plugins" / "small_steps.py"
    plugin.write_text(
        plugin.read_text().replace('items["value"] - context', '1000 + items["value"] - context')
    )
    house.container.catalogue.refresh()

    again = house.container.versioning.loader.load(version)

    chance = again.model.predict(again.decoder.records([{"count": 20}]))["high"][0]
    assert chance == pytest.approx(before[0]["high_probability"], abs=1e-6)


def test_a_flow_that_learns_nothing_is_made_anew_when_the_plugin_of_its_steps_changes(house):
    house.flow(
        {"twice": {"handle": "fragile", "inputs": {"value": "count"}}},
        answer={"total": "twice.twice"},
    )
    plugin = house.workspace / "plugins" / "small_steps.py"
    plugin.write_text(
        plugin.read_text().replace(
            'return {"twice": 2 * items["value"]}', 'return {"twice": 3 * items["value"]}'
        )
    )
    house.container.catalogue.refresh()

    house.container.workspace_services.apply()
    house.container.live.refresh()

    assert house.predict({"count": 2}) == [{"total": 6.0}]
    assert house.container.live.find("default", "flow").version.number == 2
