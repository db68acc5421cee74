"""Versions whose libraries contradict each other serve side by side, each in its own environment."""

import pytest
from tiny import a_declaration, write_service

from minerva.bootstrap import open_web
from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.registry.records import CHALLENGER
from minerva.layers.abstraction.serving.question import Question
from minerva.settings import load

PLUGIN = """
import json
import numpy as np
from minerva import Algorithm, hookimpl


class Line:
    def __init__(self, slope):
        from sklearn.linear_model import LinearRegression

        self.line = LinearRegression()
        self.line.coef_, self.line.intercept_ = np.array([slope]), 0.0

    def predict(self, batch):
        import sklearn

        major, minor, *_ = sklearn.__version__.split(".")
        release = int(major) * 100 + int(minor)
        return {"y": self.line.predict(batch.matrix()) + 1000 * release}

    def save(self, folder):
        (folder / "line.json").write_text(json.dumps(float(self.line.coef_[0])))


class SkLine(Algorithm):
    name = "sk.line"

    def train(self, data, context):
        from sklearn.linear_model import LinearRegression

        fitted = LinearRegression(fit_intercept=False).fit(data.inputs.matrix(), data.target())
        return Line(fitted.coef_[0])

    def load(self, folder, context):
        return Line(json.loads((folder / "line.json").read_text()))


@hookimpl
def minerva_algorithms():
    return [SkLine()]
"""


@pytest.fixture
def plugin(workspace):
    """A plugin whose libraries the service chooses."""
    (workspace / "plugins" / "sk_line.py").write_text(PLUGIN)


def release(answer):
    """Which scikit-learn answered each record, and what its model said besides."""
    return {divmod(round(row["y"]), 1000) for row in answer.predictions}


def test_scikit_learn_1_5_and_the_newest_answer_side_by_side(plugin, make, container, workspace):
    write_service(workspace, a_declaration("value", "sk.line"))
    manifest = make("value", "sk.line", requirements=["scikit-learn==1.5.2"]).manifest
    make("value", "sk.line", requirements=["scikit-learn>=1.6"], training={"promote": False})
    container.registry.promote("default", "value", 2, alias=CHALLENGER, share=50, author="tests")

    with open_web(load(workspace, {})) as web:
        web.live.refresh()
        records = [{"id": f"c-{n}", "x": 3} for n in range(40)]
        answer = web.predictor.predict("default", "value", Question(records))

    (old, one), (new, other) = sorted(release(answer))
    assert (old, one, other) == (105, 6, 6)
    assert new > old
    assert set(answer.versions) == {"1", "2"}
    # and a version remembers exactly what it was made with
    assert "scikit-learn==1.5.2" in manifest["requirements"]
    assert all("==" in line for line in manifest["requirements"])
    assert any(line.startswith("numpy==") for line in manifest["requirements"])


def test_what_cannot_be_installed_is_told_before_anything_is_trained(plugin, make):
    with pytest.raises(InvalidConfiguration, match="environment"):
        make("value", "sk.line", requirements=["scikit-learn==0.0.1"])


def test_libraries_of_its_own_cannot_be_inline(plugin, container, make):
    declared = {"requirements": ["scikit-learn"], "serving": {"runtime": "inline"}}

    with pytest.raises(InvalidConfiguration, match="cannot run inline"):
        make("value", "sk.line", **declared)
