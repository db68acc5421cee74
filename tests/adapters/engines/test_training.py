"""What a cluster learns is an ordinary version, as good as one learnt here."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from tables import QUICK, SCHEMA, service, table, write_parquet
from waiting import wait_until

from minerva.layers.abstraction.problems.classification import roc_auc
from minerva.schema import Schema
from minerva.schema.table import TableReader

ROWS = 6000
PARQUET = {"source": "parquet", "path": "goods"}


@pytest.fixture
def goods(workspace):
    """A folder of parquet files."""
    return write_parquet(workspace / "goods", table(ROWS))


def chance_of_yes(trained, frame) -> np.ndarray:
    """Ask the version's own file, as the web worker does."""
    from minerva.algorithm import Context
    from minerva.layers.application.xgboost_trees import XGBoostClassifier

    schema = Schema.parse(trained.manifest["schema"])
    context = Context(schema=schema, parameters=None, workspace=trained.folder)
    model = XGBoostClassifier().load(trained.folder / "model", context)
    return model.predict(TableReader(schema).batch(frame))["good"][:, 1]


def test_a_cluster_makes_an_ordinary_version(train, cluster, goods):
    trained = train(service(cluster.url, PARQUET, training={"holdout": 0.2}))

    facts = trained.manifest
    local = train(service(None, {"source": "parquet", "path": "goods/part-0.parquet"})).manifest
    assert facts.keys() - {"engine"} == local.keys()
    assert facts["files"].keys() == local["files"].keys()
    assert facts["engine"] == {"name": "dask", "workers": 2}
    data = facts["data"]
    assert data["rows"] == data["trained_rows"] + data["held_out_rows"] == ROWS
    assert data["held_out_rows"] == len(trained.held_out) == pytest.approx(0.2 * ROWS, rel=0.1)
    assert data["seed"] == 3
    assert facts["goldens"] == 16
    assert trained.metrics["roc_auc"] > 0.85


def test_it_is_as_good_as_one_learnt_here(train, cluster, goods, workspace):
    table(ROWS).to_parquet(workspace / "one.parquet")
    fresh = table(20_000, seed=9)
    truth = (fresh["good"] == "Yes").to_numpy()

    there = train(service(cluster.url, PARQUET))
    here = train(service(None, {"source": "parquet", "path": "one.parquet"}))

    areas = [roc_auc(truth, chance_of_yes(trained, fresh)) for trained in (there, here)]
    assert areas[0] == pytest.approx(areas[1], abs=0.01)


def test_the_same_data_seed_and_workers_give_the_same_version(train, cluster, goods):
    declared = service(cluster.url, PARQUET)

    assert train(declared).digest == train(declared).digest


def test_another_seed_holds_out_other_rows_of_the_same_data(train, cluster, goods):
    one, other = (
        train(service(cluster.url, PARQUET, training={"seed": seed})).manifest for seed in (1, 2)
    )

    assert one["data"]["fingerprint"] == other["data"]["fingerprint"]
    assert one["metrics"] != other["metrics"]


def test_files_tables_and_texts_of_the_same_rows_are_the_same_data(
    train, cluster, workspace, goods
):
    frame = table(ROWS)
    frame["number"] = np.arange(ROWS)
    frame.to_csv(workspace / "goods.csv", index=False)
    with sqlite3.connect(workspace / "goods.db") as database:
        frame.to_sql("goods", database, index=False)
    database.close()
    csv = {"source": "csv", "path": "goods.csv"}
    sql = {
        "source": "sql",
        "url": "sqlite:///goods.db",
        "query": "select * from goods where note like '%seen' -- all of them;",
        "split_by": "number",
    }

    read = [train(service(cluster.url, data)).manifest for data in (PARQUET, csv, sql)]

    assert len({facts["data"]["fingerprint"] for facts in read}) == 1
    assert len({facts["data"]["held_out_rows"] for facts in read}) == 1


def test_a_url_that_the_workers_can_open_is_read(train, cluster, goods):
    trained = train(service(cluster.url, {"source": "parquet", "path": f"file://{goods}"}))

    assert trained.manifest["data"]["rows"] == ROWS


def test_the_address_may_come_from_the_environment(train, cluster, goods, monkeypatch):
    monkeypatch.setenv("DASK_AT", f"127.0.0.1:{cluster.port}")

    assert train(service("dask://${DASK_AT}", PARQUET)).manifest["engine"]["name"] == "dask"


@pytest.mark.parametrize(
    ("output", "algorithm", "metric"),
    [
        ({"worth": {"type": "number"}}, "xgboost.regressor", "r2"),
        ({"colour": {"type": "category", "values": ["red", "green", "blue"]}}, None, "accuracy"),
    ],
)
def test_numbers_and_more_than_two_classes_are_learnt_too(
    train, cluster, goods, output, algorithm, metric
):
    inputs = {name: SCHEMA["inputs"][name] for name in ("size", "parts")}
    declared = service(cluster.url, PARQUET, schema={"inputs": inputs, "output": output})

    trained = train({**declared, "algorithm": algorithm or "xgboost.classifier"})

    assert trained.metrics[metric] > (0.5 if metric == "r2" else 0.3)


def test_rare_classes_weigh_more_if_wanted(train, cluster, goods):
    balanced = {**QUICK, "class_weight": "balanced"}

    plain, weighed = (
        train(service(cluster.url, PARQUET, parameters=parameters))
        for parameters in (QUICK, balanced)
    )

    assert weighed.manifest["files"] != plain.manifest["files"]
    assert weighed.metrics["balanced_accuracy"] >= plain.metrics["balanced_accuracy"] - 0.02


def test_progress_goes_forward_and_tells_the_rounds(train, cluster, goods):
    told = []

    train(
        service(
            cluster.url, PARQUET, parameters={**QUICK, "n_estimators": 3000, "learning_rate": 0.01}
        ),
        lambda fraction, message="": told.append((fraction, message)),
    )

    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert "reading 4 pieces on 2 workers" in [message for _, message in told]
    assert any(message.startswith("round ") for _, message in told)


def test_nothing_stays_on_the_workers(train, cluster, goods):
    train(service(cluster.url, PARQUET))

    wait_until(lambda: not cluster.scratch_files(), what=cluster.scratch_files)
