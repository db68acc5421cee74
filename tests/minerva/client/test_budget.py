"""Retries are a share of the calls, and a few."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from minerva.client.budget import RetryBudget

SHARES = st.integers(0, 1000).map(lambda parts: parts / 1000)


@given(SHARES, st.integers(0, 20), st.lists(st.booleans(), max_size=300))
def test_retries_never_exceed_their_share_of_the_calls_and_the_spare_ones(share, spare, calls):
    budget, made, retried = RetryBudget(share, spare), 0, 0

    for is_call in calls:
        if is_call:
            budget.earn()
            made += 1
        else:
            retried += budget.spend()
        assert retried <= spare + share * made + 1e-9


def test_ten_calls_earn_one_retry_exactly():
    budget = RetryBudget(0.1, spare=0)

    for _ in range(9):
        budget.earn()
    assert not budget.spend()
    budget.earn()

    assert budget.spend()
    assert not budget.spend()


def test_a_long_quiet_time_saves_up_no_storm():
    budget = RetryBudget(0.1, spare=3)

    for _ in range(10_000):
        budget.earn()

    assert [budget.spend() for _ in range(5)] == [True, True, True, False, False]


def test_threads_do_not_spend_one_retry_twice():
    budget, spent = RetryBudget(0.0, spare=50), []
    threads = [
        threading.Thread(target=lambda: spent.extend(budget.spend() for _ in range(40)))
        for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert spent.count(True) == 50
