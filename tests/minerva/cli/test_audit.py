"""`minerva audit` tells decisions out of the shared log, and nothing else."""

import json

import pytest

WHO = {"author": "ann", "service": "churn", "tenant": "default"}


@pytest.fixture
def trail(tmp_path):
    """Write events of the audit trail into the shared log."""
    folder = tmp_path / ".minerva" / "logs"
    folder.mkdir(parents=True)

    def written(*events):
        with (folder / "web.jsonl").open("a") as file:
            for second, (name, facts) in enumerate(events):
                at = f"2026-01-31T12:00:{second:02}.000000Z"
                told = {"timestamp": at, "level": "info", "component": "web", "event": name}
                file.write(json.dumps({**told, **WHO, **facts}) + "\n")

    return written


def rows(result):
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.stdout.splitlines()[1:]]


def test_each_decision_is_told_with_who_and_why(minerva, trail):
    trail(
        ("audit.service_declared", {"revision": 2, "reason": "more rows"}),
        ("audit.training_ended", {"version": 3, "promoted": False, "reason": "No better."}),
        ("audit.training_ended", {"version": None, "code": "invalid_data"}),
        ("audit.version_promoted", {"version": 4, "alias": "challenger", "reason": ""}),
        ("audit.version_rolled_back", {"version": 1, "alias": "champion", "reason": "calls"}),
        ("audit.version_quarantined", {"version": 4, "reason": "nonsense"}),
    )

    assert [row.partition("churn ")[2] for row in rows(minerva("audit"))] == [
        "declared revision 2 ann more rows",
        "trained version 3, which was held back ann No better.",
        "a training failed ann invalid_data",
        "made version 4 the challenger ann",
        "went back to version 1 ann calls",
        "put version 4 into quarantine ann nonsense",
    ]


def test_what_is_no_decision_or_about_another_service_is_left_out(minerva, trail):
    trail(
        ("audit.version_ready", {"version": 1}),
        ("prediction.answered", {}),
        ("audit.service_declared", {"revision": 1, "service": "other"}),
        ("audit.service_declared", {"revision": 7}),
    )

    assert len(rows(minerva("audit"))) == 2
    assert len(rows(minerva("audit", "churn"))) == 1
    told = json.loads(minerva("audit", "churn", "--json").stdout)["decisions"]
    assert [one["revision"] for one in told] == [7]


def test_only_the_newest_are_told(minerva, trail):
    trail(*[("audit.service_declared", {"revision": number}) for number in range(5)])

    assert [row.split()[-2] for row in rows(minerva("audit", "-n", "2"))] == ["3", "4"]


def test_an_empty_trail_is_told(minerva, trail):
    trail()

    assert minerva("audit").stdout == "Nothing was decided yet.\n"
