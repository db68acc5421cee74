"""The retention campaign: whom to call, going by the stored scores, and what is at stake."""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from legacy_stub.customers import Customer, customer_from, everyone
from legacy_stub.tables import churn_scores, customers


@dataclass(frozen=True, slots=True)
class Stakes:
    """How many customers are at or above a threshold, and their monthly revenue.

    `expected_loss` weighs each customer's charges with the probability that they leave.
    """

    customers: int
    scored: int
    monthly_revenue: float
    expected_loss: float


def stakes(engine: Engine, threshold: float) -> Stakes:
    """What is at stake with the customers whose probability of leaving is `threshold` or more."""
    chance, charges = churn_scores.c.probability, customers.c.monthly_charges
    at_risk = chance >= threshold
    totals = select(
        func.count().filter(at_risk),
        func.count(),
        func.coalesce(func.sum(charges).filter(at_risk), 0.0),
        func.coalesce(func.sum(charges * chance).filter(at_risk), 0.0),
    ).join_from(customers, churn_scores, customers.c.customer_id == churn_scores.c.customer_id)
    with engine.connect() as connection:
        return Stakes(*connection.execute(totals).one())


def riskiest(engine: Engine, threshold: float = 0.0, limit: int | None = None) -> list[Customer]:
    """The customers at or above `threshold`, the most likely to leave first."""
    found = (
        everyone()
        .where(churn_scores.c.probability >= threshold)
        .order_by(churn_scores.c.probability.desc(), customers.c.customer_id)
        .limit(limit)
    )
    with engine.connect() as connection:
        return [customer_from(row) for row in connection.execute(found)]
