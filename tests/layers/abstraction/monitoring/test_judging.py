"""A champion is judged by what it answered itself, as its service declares."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from tiny import declaration_of, write_data

from minerva.layers.abstraction.monitoring.judging import ROWS, Judging
from minerva.layers.abstraction.monitoring.profiles import Profiles
from minerva.testing.inference_stores import a_record

NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)
USUAL = [row % 7 + 1 for row in range(700)]
SHIFTED = [x + 4 for x in USUAL]


@pytest.fixture
def judge(container, workspace):
    """What judges the service `value`, whose training rows have 400 times x from 1 to 7."""
    write_data(workspace, rows=400)
    profiles = Profiles(container.artefacts.fetch)
    judging = Judging(container.registry, container.stores.inferences, profiles, lambda: NOW)
    return lambda **parts: judging("default", "value", declaration_of(**parts))


@pytest.fixture
def keep(container):
    """Record rows of these x, some days ago; truths are 2x."""

    def kept(xs, *, days=0.1, off=0.0, **parts):
        at = NOW - timedelta(days=days)
        records = [
            a_record(row, tenant="default", service="value", version=1, at=at,
                     features=json.dumps({"x": x}), answer=json.dumps({"y": 2.0 * x + off}),
                     truth=json.dumps(2.0 * x), truth_at=at, **parts)
            for row, x in enumerate(xs)
        ]  # fmt: skip
        container.stores.inferences.add(records)

    return kept


def test_without_a_champion_there_is_nothing_to_judge(judge, declare):
    declare()

    assert judge() is None


def test_the_newest_rows_count(judge, keep, make):
    make()
    keep(SHIFTED, days=2)
    keep(USUAL)

    found = judge()

    assert (found.version.number, found.rows, found.drifted, found.decay) == (1, ROWS, (), None)


def test_defaults_and_shadows_are_nobody_s_answers(judge, keep, make):
    make()
    keep(SHIFTED, off=9, degraded=True)
    keep(SHIFTED, off=9, shadow=True)

    found = judge()

    assert (found.rows, found.drifted, found.decay) == (0, (), None)


def test_what_is_older_than_records_are_kept_does_not_count(judge, keep, make):
    make()
    keep(SHIFTED, days=2, off=9)

    assert judge(monitoring={"keep_days": 1}).rows == 0
    assert judge().drifted


def test_how_much_worse_it_may_be_is_declared(judge, keep, make, workspace):
    make()
    keep(USUAL, off=0.5)

    found = judge()

    assert (found.decay.metric, found.decay.value, found.decay.held_out) == ("rmse", 0.5, 0)
    assert judge(monitoring={"decay": 0}).decay is None


def test_a_version_without_that_metric_in_training_cannot_decay(judge, keep, make):
    make("value", "fixed", data=None)
    keep(USUAL, off=9)

    assert judge().decay is None


def test_what_was_found_stays_until_something_new_comes(judge, keep, make, container, monkeypatch):
    make()
    keep(SHIFTED, off=0.5)
    first = judge()
    newest, asked = container.stores.inferences.newest, []
    monkeypatch.setattr(
        type(container.stores.inferences),
        "newest",
        lambda _self, *given, **more: asked.append(given) or newest(*given, **more),
    )

    assert judge() == first
    assert asked == []

    keep(USUAL, days=0.05)
    assert judge().drifted == ()
    assert len(asked) == 1
