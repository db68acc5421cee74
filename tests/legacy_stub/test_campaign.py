"""The campaign: whom to call and what is at stake."""

import pytest

from legacy_stub.campaign import Stakes, riskiest, stakes
from legacy_stub.clock import now
from legacy_stub.tables import churn_scores

SCORES = {"C-00001": 0.9, "C-00002": 0.6, "C-00003": 0.59, "C-00004": None}


@pytest.fixture
def scored(engine):
    rows = [
        {
            "customer_id": customer_id,
            "churn": "Yes",
            "probability": probability,
            "version": "1",
            "degraded": probability is None,
            "request_id": "r",
            "scored_at": now(),
        }
        for customer_id, probability in SCORES.items()
    ]
    with engine.begin() as connection:
        connection.execute(churn_scores.insert(), rows)
    return engine


def test_the_threshold_itself_is_at_risk(scored):
    found = riskiest(scored, 0.6)

    assert [customer.customer_id for customer in found] == ["C-00001", "C-00002"]


def test_a_limit_keeps_the_riskiest(scored):
    assert [customer.customer_id for customer in riskiest(scored, limit=1)] == ["C-00001"]


def test_stakes_add_up_the_charges_of_those_at_risk(scored):
    found = stakes(scored, 0.6)

    assert (found.customers, found.scored) == (2, 4)
    assert found.monthly_revenue == pytest.approx(29.85 + 56.95)
    assert found.expected_loss == pytest.approx(29.85 * 0.9 + 56.95 * 0.6)


def test_without_scores_nothing_is_at_stake(engine):
    assert stakes(engine, 0.5) == Stakes(0, 0, 0.0, 0.0)
    assert riskiest(engine) == []
