"""Live metrics stand beside those of the training, by version and window, with how many truths there are."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from minerva.errors import InvalidInput, NotFound
from minerva.layers.abstraction.monitoring.performance import Performance
from minerva.testing.inference_stores import a_record

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def report(container, make):
    """Make two versions of `value`, y = 2x, the second a shadow; return what reports of them."""
    make()
    make(parameters={"shift": 5}, training={"promote": False})
    container.registry.promote("default", "value", 2, author="ann", alias="shadow")
    stores = container.stores
    performance = Performance(
        container.registry, stores.inferences, stores.truths, lambda: None, lambda: NOW
    )
    return lambda service="value", **how: performance.report("default", service, **how)


@pytest.fixture
def keep(container):
    """Record answers, one an hour, with what each is off by."""

    def kept(*off, version=1, truths=True, **parts):
        container.stores.inferences.add(
            [
                a_record(
                    number, tenant="default", service="value", version=version,
                    at=NOW - (number + 1) * HOUR, answer=json.dumps({"y": number + error}),
                    truth=str(number) if truths else None, ms=float(number),
                    truth_at=NOW - (number + 1) * HOUR + (number % 10 + 1) * HOUR if truths else None,
                    **parts,
                )
                for number, error in enumerate(off)
            ]
        )  # fmt: skip

    return kept


def test_each_version_has_its_live_metrics_beside_those_of_its_training(report, keep):
    keep(*[1.0, -1.0] * 20)
    keep(*[5.0] * 40, version=2, shadow=True)

    shadow, champion = report()["versions"]

    assert (champion["version"], champion["roles"], champion["answers"]) == ("1", ["champion"], 40)
    assert (shadow["version"], shadow["roles"], shadow["shadow_answers"]) == ("2", ["shadow"], 40)
    assert champion["metrics"]["rmse"] == pytest.approx(1)
    assert champion["held_out"]["rmse"] == pytest.approx(0)
    assert (champion["metric"], champion["truths"]) == ("rmse", 40)
    assert champion["verdict"].startswith("Worse than in training: rmse 1.0000")
    assert shadow["verdict"].startswith("As in training")


def test_a_shadow_is_compared_with_the_champion_on_the_same_rows(report, keep):
    keep(*[1.0] * 10)
    keep(*[5.0] * 4, version=2, shadow=True)

    shadow, champion = report()["versions"]

    assert champion["same_rows"] is None
    assert shadow["same_rows"]["rows"] == 4
    assert shadow["same_rows"]["metrics"]["rmse"] == pytest.approx(5)
    assert shadow["same_rows"]["champion"]["rmse"] == pytest.approx(1)


def test_how_long_truths_took_is_shown(report, keep):
    keep(*[0.0] * 20)

    (champion,) = report()["versions"]

    assert champion["truth_delay_s"] == {"median": 5.5 * 3600, "p90": pytest.approx(9.1 * 3600)}
    assert champion["latency_ms"] == {"p50": 9.5, "p95": pytest.approx(18.05)}


def test_few_truths_are_said_to_be_few(report, keep):
    keep(*[0.0] * 5)
    keep(*[0.0] * 30, truths=False)

    (champion,) = report()["versions"]

    assert (champion["answers"], champion["truths"], champion["interval"]) == (35, 5, None)
    assert champion["verdict"] == "Too few truths to judge: 5, at least 30 are needed."


def test_windows_hold_what_was_answered_in_them(report, keep):
    keep(*[1.0] * 24, *[3.0] * 24)

    found = report(days=7, window="day")["versions"][0]["windows"]

    assert [(one["answers"], one["metrics"]["rmse"]) for one in found] == [
        (24, pytest.approx(3)),
        (24, pytest.approx(1)),
    ]


def test_defaults_count_as_answers_of_no_version(report, keep):
    keep(9.0, degraded=True)

    told = report()

    assert (told["answers"], told["defaults"], told["truths"], told["versions"]) == (1, 1, 0, [])


def test_what_cannot_be_reported_is_refused(report):
    with pytest.raises(InvalidInput):
        report(window="year")
    with pytest.raises(NotFound):
        report(service="nothing")
