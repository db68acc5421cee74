"""Windows of recorded rows stand beside the champion's training, or it is said why they cannot."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from tiny import write_data

from minerva.errors import NotFound
from minerva.layers.abstraction.monitoring.drifting import Drifting
from minerva.layers.abstraction.monitoring.profiles import Profiles
from minerva.testing.inference_stores import a_record

NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def report(container, workspace):
    """What reports of the service `value`; its training rows have 400 times x from 1 to 7."""
    write_data(workspace, rows=400)
    profiles = Profiles(container.artefacts.fetch)
    stores = container.stores
    drifting = Drifting(container.registry, stores.inferences, profiles, lambda: None, lambda: NOW)
    return lambda service="value", **how: drifting.report("default", service, **how)


@pytest.fixture
def keep(container):
    """Record rows of these x, all some hours ago."""

    def kept(xs, hours=1.0, **parts):
        records = [
            a_record(row, tenant="default", service="value", version=1, at=NOW - hours * HOUR,
                     features=json.dumps({"x": x}), answer=json.dumps({"y": 2.0 * x}), **parts)
            for row, x in enumerate(xs)
        ]  # fmt: skip
        container.stores.inferences.add(records)

    return kept


USUAL = [row % 7 + 1 for row in range(350)]
SHIFTED = [x + 4 for x in USUAL]


def test_what_comes_as_in_training_is_steady(make, report, keep):
    make()
    keep(USUAL)

    told = report(days=1)
    (window,) = told["windows"]

    assert (told["version"], told["problem"], window["rows"]) == ("1", None, 350)
    assert window["verdict"] == "steady"
    assert [one["name"] for one in (*window["inputs"], *window["outputs"])] == ["x", "y"]


def test_inputs_and_answers_that_moved_are_named(make, report, keep):
    make()
    keep(SHIFTED)

    (window,) = report(days=1)["windows"]

    assert window["verdict"] == "drifted: x, y"
    assert window["inputs"][0]["unseen"] == pytest.approx(4 / 7, abs=1e-4)
    assert window["inputs"][0]["p"] < 1e-9


def test_each_window_is_judged_by_its_own_rows(make, report, keep):
    make()
    keep(USUAL, hours=30)
    keep(SHIFTED, hours=1)
    keep(USUAL[:20], hours=50)

    verdicts = [window["verdict"] for window in report(days=3)["windows"]]

    assert verdicts == ["too few rows", "steady", "drifted: x, y"]


def test_defaults_and_shadows_are_not_compared(make, report, keep):
    make()
    keep(SHIFTED, degraded=True)
    keep(SHIFTED, shadow=True)

    assert report(days=1)["windows"][0]["rows"] == 0


def test_a_field_that_is_not_kept_any_more_is_left_out(make, report, keep, container):
    make()
    container.stores.inferences.add(
        [a_record(row, tenant="default", service="value", version=1, at=NOW - HOUR, features="{}",
                  answer=json.dumps({"y": 2.0 * x})) for row, x in enumerate(USUAL)]
    )  # fmt: skip

    (window,) = report(days=1)["windows"]

    assert window["inputs"] == []
    assert [one["name"] for one in window["outputs"]] == ["y"]


def test_what_cannot_be_compared_is_said(make, declare, report, container):
    declare()
    assert "no version yet" in report()["problem"]

    version = make(monitoring={"drift": 0})
    assert "calls nothing a drift" in report()["problem"]

    (container.artefacts.fetch(version.digest) / "profile.json").unlink()
    told = report()
    assert told["windows"]

    with pytest.raises(NotFound):
        report(service="nothing")


@pytest.mark.parametrize("content", [None, b"{", b"[]"])
def test_a_version_without_a_profile_that_can_be_read_is_not_compared(
    make, report, container, content
):
    version = make()
    file = container.artefacts.fetch(version.digest) / "profile.json"
    file.parent.chmod(0o700)
    file.unlink()
    if content is not None:
        file.write_bytes(content)

    told = report()

    assert "does not know how its training rows were spread" in told["problem"]
    assert told["windows"] == []


def test_profiles_are_read_once_and_not_without_end(make, container):
    version = make()
    asked = []

    def fetch(digest):
        asked.append(digest)
        return container.artefacts.fetch(digest)

    profiles = Profiles(fetch)
    first, again = profiles(version), profiles(version)

    assert first is again
    assert len(asked) == 1
    assert first.rows > 0
    assert np.isclose(sum(first.outputs[0].counts), first.answered)


def test_of_many_windows_fewer_rows_are_looked_at(make, report, keep):
    make()
    keep(USUAL, hours=0.5)

    windows = report(days=16, window="hour")["windows"]

    assert len(windows) == 384
    assert (windows[-1]["rows"], windows[-1]["limited"]) == (104, True)
