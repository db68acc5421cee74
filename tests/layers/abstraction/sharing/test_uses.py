"""Who uses what."""

import pytest

from minerva.errors import NotFound
from minerva.layers.abstraction.sharing.uses import uses

ORIGINS = {
    "linear": "plugins/linear.py",
    "mean": "plugins/mean.py",
    "xgboost.classifier": "xgboost",
}
CHURN = """\
service: churn
extends: bases/common.yaml
algorithm: linear
data: {source: sql, url: "${LEGACY_DB_URL}"}
tenants: {acme: }
"""
LATE = """\
service: late
extends: churn
versions_of: churn
data: {path: data/late.csv}
"""


@pytest.fixture
def used(tmp_path):
    """A function that returns who uses a name: service, how and where."""
    folder = tmp_path / "services"
    (folder / "bases").mkdir(parents=True)
    (folder / "bases" / "common.yaml").write_text("schema: {}\n")
    (folder / "churn.yaml").write_text(CHURN)
    (folder / "late.yaml").write_text(LATE)
    (folder / "bases" / "policies.yaml").write_text("serving: {}\n")
    (folder / "many.yaml").write_text("service: many\nextends: [bases/fields, bases/policies]\n")
    (folder / "bases" / "fields.yaml").write_text("schema: {}\n")
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "pipeline.yaml").write_text(
        "algorithm: flow\nservice: pipeline\nparameters: {steps: {one: {predict: churn}}}\n"
    )
    (folder / "broken.yaml").write_text("extends: nothing\n")

    def found(name):
        return [(one.service, one.how, one.where) for one in uses(tmp_path, name, ORIGINS)]

    return found


def test_who_extends_a_part_or_a_service(used):
    assert used("bases/common") == [
        ("churn", "extends it", "churn.yaml:2"),
        ("late", "extends it", "churn.yaml:2"),
    ]
    assert used("bases/policies") == [("many", "extends it", "many.yaml:2")]
    assert used("churn") == [
        ("late", "extends it", "late.yaml:2"),
        ("late", "answers with its versions", "late.yaml:3"),
        ("pipeline", "is made of it", "pipeline.yaml:3"),
    ]


def test_who_is_made_with_an_algorithm_or_its_plugin(used):
    assert [one[:2] for one in used("linear")] == [
        ("churn", "is made with it"),
        ("churn", "is made with its algorithm linear"),
        ("late", "is made with it"),
        ("late", "is made with its algorithm linear"),
    ]
    assert len(used("plugins/linear.py")) == 2


def test_who_learns_from_a_source(used):
    assert used("LEGACY_DB_URL")[0] == (
        "churn", "learns from it, by the environment", "churn.yaml:4",
    )  # fmt: skip
    assert used("data/late.csv") == [("late", "learns from it", "late.yaml:4")]


def test_whose_a_service_is(used):
    assert used("acme") == [("churn", "is this tenant's too", "churn.yaml:5")]


def test_what_is_there_and_used_by_nobody_has_no_users(used):
    assert used("mean") == []
    assert used("late") == []


def test_what_is_not_there_is_told_with_what_was_meant(used):
    with pytest.raises(NotFound, match="Did you mean 'churn'"):
        used("chrun")
