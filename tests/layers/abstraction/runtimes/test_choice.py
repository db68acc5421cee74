"""Where a version runs, and so where it is made."""

from typing import ClassVar

import pytest

from minerva import Algorithm
from minerva.layers.abstraction.runtimes.choice import runtime, trains_apart
from minerva.layers.abstraction.services.parsing import parse

SCHEMA = {"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}}


class Plain(Algorithm):
    """Says nothing about where it runs."""

    name = "plain"

    def train(self, data, context):
        """Is not asked here."""

    def load(self, folder, context):
        """Is not asked here."""


class Native(Plain):
    """Runs in the web worker."""

    runtime: ClassVar = "inline"


class Needy(Plain):
    """Needs a library."""

    requirements = ("scikit-learn",)


@pytest.mark.parametrize(
    ("algorithm", "declared", "where"),
    [
        (Plain(), None, "process"),
        (Plain(), "inline", "inline"),
        (Native(), None, "inline"),
        (Native(), "process", "process"),
        (Needy(), None, "process"),
        (Needy(), "inline", "process"),
    ],
)
def test_a_model_is_made_where_it_runs(algorithm, declared, where):
    serving = {"runtime": declared} if declared else {}
    declaration = parse(
        {"service": "s", "algorithm": algorithm.name, "schema": SCHEMA, "serving": serving}
    )

    assert runtime(algorithm, declaration) == where
    assert trains_apart(algorithm, declaration) == (where == "process")
