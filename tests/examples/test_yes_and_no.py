"""The demo's plugin completes what callers of the first hour send, and leaves everyone else alone."""

from pathlib import Path

import pytest

from minerva.events import PredictCall
from minerva.layers.abstraction.callbacks.callbacks import Callbacks
from minerva.layers.abstraction.plugins.catalogue import Plugins

TELCO = Path(__file__).parents[2] / "examples" / "telco"


@pytest.fixture(scope="module")
def callbacks():
    opened = Callbacks(Plugins(TELCO))
    yield opened
    opened.close()


def asked(*records, service="churn") -> PredictCall:
    """Return a call."""
    return PredictCall(tenant="default", service=service, records=records)


def test_yes_and_no_become_what_the_schema_wants(callbacks):
    old = {"partner": "Yes", "female": "No", "tenure": 3, "contract": "One year"}

    assert callbacks.enrich(asked(old)) == [
        {"partner": 1, "female": 0, "tenure": 3, "contract": "One year"}
    ]


@pytest.mark.parametrize("record", [{"partner": 1}, {"partner": "perhaps"}, {}, 5, None, ["Yes"]])
def test_anything_else_is_left_for_the_schema_to_judge(callbacks, record):
    assert callbacks.enrich(asked(record)) == [record]


def test_other_services_are_none_of_its_business(callbacks):
    assert callbacks.enrich(asked({"partner": "Yes"}, service="other")) == ({"partner": "Yes"},)
