"""Versions at the terminal: promoted, challenged, shadowed, rolled back and put into quarantine."""

import json
from dataclasses import dataclass

import pytest

from minerva.bootstrap import Container

SERVICE = """
service: rate
algorithm: constant
schema: {inputs: {x: {type: number}}, output: {y: {type: number}}}
parameters: {output: {y: %s}}
serving: {batching: {max_batch: 8}}
"""


@dataclass
class Shop:
    """A sidecar in this process over a workspace with one service."""

    container: Container

    def make(self, count: int) -> None:
        """Make so many versions, each of which becomes champion."""
        for value in range(count):
            path = self.container.loaded.workspace / "services" / "rate.yaml"
            path.write_text(SERVICE % value)
            self.container.workspace_services.apply()
        self.container.live.refresh()


@pytest.fixture
def shop(serving):
    with serving() as container:
        made = Shop(container)
        made.make(3)
        yield made


@pytest.fixture
def ask(minerva, shop):
    """Run a command that succeeds and return what it writes."""

    def run(*arguments):
        result = minerva(*arguments)
        assert result.exit_code == 0, result.output
        return result

    return run


@pytest.fixture
def told(ask):
    """What a command tells machines."""
    return lambda *arguments: json.loads(ask(*arguments, "--json").stdout)


def rows(result):
    """The lines of a table below its head."""
    return result.stdout.splitlines()[1:]


def test_the_versions_of_a_service_are_listed_with_or_without_the_word_list(ask, told):
    listed = ask("versions", "rate")

    assert [row.split()[0] for row in rows(listed)] == ["3", "2", "1"]
    assert "champion" in rows(listed)[0]
    assert ask("versions", "list", "rate").stdout == listed.stdout
    assert told("versions", "rate") == told("versions", "list", "rate")
    assert told("versions", "rate")["versions"][0]["aliases"] == ["champion"]


def test_a_mistyped_command_is_not_taken_for_a_service(minerva):
    result = minerva("versions", "relese", "rate", "3")

    assert result.exit_code == 2
    assert "Did you mean 'release'?" in result.stderr


def test_versions_of_nothing_is_answered_with_help(minerva):
    result = minerva("versions")

    assert result.exit_code == 2
    assert 'minerva versions quarantine churn 4 --reason "answers nonsense"' in result.output


def test_a_challenger_answers_a_share_until_it_is_retired(ask, told):
    promoted = ask("promote", "rate", "2", "--alias", "challenger", "--share", "12.5")

    assert promoted.stdout == "challenger of rate is version 2 now, 12.5 % of the calls.\n"
    assert "challenger, 12.5 % of the calls" in rows(ask("versions", "rate"))[1]
    shown = ask("services", "show", "rate").stdout
    assert "version 2, 12.5 % of the calls" in shown
    assert shown.split("serving batching.max_batch")[1].split()[0] == "8"
    assert ask("retire", "rate", "challenger").stdout == "rate has no challenger any more.\n"
    assert told("services", "show", "rate")["aliases"] == {"champion": "3"}


def test_a_shadow_is_said_never_to_answer(ask, told):
    promoted = ask("promote", "rate", "1", "--alias", "shadow")

    assert (
        promoted.stdout == "shadow of rate is version 1 now: asked and compared, never answering.\n"
    )
    assert told("retire", "rate", "shadow")["version"] is None


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (("promote", "rate", "2", "--share", "10"), 2, "/share: only a challenger has a share"),
        (("promote", "rate", "2", "--alias", "challenger", "--share", "0"), 2, "0<x<=100"),
        (("promote", "rate", "2", "--alias", "hero"), 2, "'hero' is not one of"),
        (("retire", "rate", "champion"), 1, "promote another version, or roll back"),
        (("retire", "rate", "shadow"), 1, "has no shadow"),
        (("versions", "quarantine", "rate", "2"), 2, "--reason"),
        (("versions", "release", "rate", "2"), 1, "not in quarantine"),
        (("versions", "quarantine", "rate", "9", "--reason", "x"), 1, "no version 9"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(minerva, shop, arguments, exit_code, says):
    result = minerva(*arguments)

    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert says in result.stderr


def test_a_champion_in_quarantine_gives_way_until_it_is_released_and_promoted(ask, minerva):
    kept = ask("versions", "quarantine", "rate", "3", "--reason", "answers nonsense")

    assert kept.stdout == (
        "Version 3 of rate is in quarantine.\nchampion of rate is version 2 again.\n"
    )
    assert "in quarantine: answers nonsense" in rows(ask("versions", "rate"))[0]
    assert "version 3: answers nonsense" in ask("services", "show", "rate").stdout
    refused = minerva("promote", "rate", "3")
    assert refused.exit_code == 1
    assert "minerva versions release rate 3" in refused.stderr
    released = ask("versions", "release", "rate", "3")
    assert "minerva promote rate 3" in released.stderr
    assert ask("promote", "rate", "3").stdout == "champion of rate is version 3 now.\n"


def test_machines_are_told_of_quarantine_and_release(told):
    kept = told("versions", "quarantine", "rate", "2", "--reason", "nonsense")

    assert (kept["version"]["quarantined"], kept["alias"]) == ("nonsense", None)
    assert told("versions", "release", "rate", "2")["quarantined"] is None


def test_a_champion_that_nobody_can_follow_is_pointed_out(ask):
    for number in ("1", "2"):
        ask("versions", "quarantine", "rate", number, "--reason", "nonsense")

    last = ask("versions", "quarantine", "rate", "3", "--reason", "nonsense")

    assert "It still is champion" in last.stderr


def test_a_rollback_passes_over_what_is_in_quarantine(ask):
    ask("versions", "quarantine", "rate", "2", "--reason", "nonsense")

    assert ask("rollback", "rate").stdout == "champion of rate is version 1 again.\n"


def test_a_pruned_version_is_marked(ask, shop):
    registry = shop.container.registry
    now = registry.now()
    registry.version_store.prune("default", "rate", [1], now)

    assert f"pruned {now:%Y-%m-%d}" in rows(ask("versions", "rate"))[2]


def test_a_card_tells_what_serves_and_who_decided(ask, told, tmp_path):
    shown = ask("card", "rate")
    written = ask("card", "rate", "--html", "card.html")

    assert shown.stdout.startswith("rate, version 3")
    assert "Limit: Nothing was held out: how good it is has not been measured." in shown.stderr
    assert "became champion in place of 2, by " in shown.stdout
    assert (told("card", "rate", "1")["version"], told("card", "rate", "1")["serves"]) == ("1", [])
    assert written.stderr == "Written: card.html\n"
    assert "<h1>rate, version 3</h1>" in (tmp_path / "card.html").read_text()


def test_lineage_tells_what_leads_to_each_version(ask, told):
    shown = ask("lineage", "rate").stdout
    graph = told("lineage", "rate", "2")

    assert [line.split()[1] for line in shown.splitlines() if line.startswith("version")] == list(
        "123"
    )
    assert shown.count("  declared     configuration ") == 3
    assert shown.count("  became       champion at ") == 3
    assert [one["name"] for one in graph["nodes"] if one["kind"] == "version"] == ["2"]
