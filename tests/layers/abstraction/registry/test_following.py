"""A service may answer with another one's versions: its champion follows."""

import pytest
from structlog.testing import capture_logs
from tiny import a_declaration, silent, write_service

from minerva.layers.abstraction.registry.records import CHAMPION


@pytest.fixture
def save(workspace, container):
    """A function that saves service files and returns the problems."""

    def saved(*declared):
        for one in declared:
            write_service(workspace, one)
        container.look()
        return container.workspace_services.problems()

    return saved


@pytest.fixture
def train(container):
    """A function that makes a version of a service and has it noticed."""

    def trained(service="lender"):
        configuration = container.registry.configuration("default", service)
        container.versioning.make(configuration, job_id=None, author="tests", progress=silent)
        container.look()

    return trained


def lender(**parts):
    """Return the declaration of who lends."""
    return a_declaration("lender", **parts)


def follower(**parts):
    """Return the declaration of who follows."""
    return a_declaration("follower", versions_of="lender", **parts)


def champion(container, service):
    """Return the digest of what serves."""
    number = container.registry.aliases("default", service).get(CHAMPION)
    return None if number is None else container.registry.version("default", service, number).digest


def moves(events, service):
    """Return the versions that the audit trail tells were made champion."""
    return [
        one["version"]
        for one in events
        if (one["event"], one.get("service")) == ("audit.version_promoted", service)
    ]


def test_the_champion_follows_each_promotion_and_the_way_back(save, train, container):
    assert save(lender(parameters={"shift": 1.0}), follower()) == []
    with capture_logs() as events:
        train()
        first = champion(container, "follower")
        save(lender(parameters={"shift": 2.0}))
        train()
        second = champion(container, "follower")

        container.registry.rollback("default", "lender", author="ann")
        container.look()
        assert container.callbacks.flush(60)

    assert first is not None
    assert first != second
    assert second is not None
    assert champion(container, "follower") == champion(container, "lender") == first
    history = container.registry.alias_store.history("default", "follower", CHAMPION)
    assert {change.author for change in history} == {"minerva"}
    assert moves(events, "follower") == [1, 2, 1]
    assert len(container.registry.versions("default", "follower")) == 2


def test_what_is_registered_once_more_tells_all_that_the_lenders_version_does(
    save, train, container
):
    """A process holds less of a version that it serves than the registry knows."""
    save(lender(), follower())
    train()

    lent, own = (
        container.registry.version("default", service, 1) for service in ("lender", "follower")
    )
    assert own.manifest == lent.manifest
    assert {"schema", "data", "files", "appraisal"} <= set(own.manifest)


def test_nothing_happens_while_nothing_changes(save, train, container):
    save(lender(), follower())
    train()
    before = container.stores.revision.current()

    container.look()

    assert container.stores.revision.current() == before


def test_a_version_for_another_schema_is_not_followed_and_told_once(save, train, container):
    save(lender())
    train()
    changed = {"inputs": {"x": {"type": "integer"}}, "output": {"y": {"type": "number"}}}
    with capture_logs() as events:
        assert save(lender(schema=changed), follower(schema=changed)) == []
        save(follower(schema=changed, description="again"))

    told = [one for one in events if one["event"] == "version.not_followed"]
    assert len(told) == 1
    assert "train 'lender' anew" in told[0]["reason"]
    assert champion(container, "follower") is None


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"versions_of": "lendr"}, "there is no such service; did you mean 'lender'?"),
        ({"versions_of": "follower"}, "follower has no versions itself"),
        (
            {"schema": {"inputs": {"x": {"type": "integer"}}, "output": {"y": {"type": "number"}}}},
            "the schema differs from that of lender, at key",
        ),
    ],
)
def test_a_lender_that_cannot_lend_is_told_with_file_and_line(save, container, parts, message):
    (problem,) = save(lender(), {**follower(), **parts})

    assert problem["where"].startswith("follower.yaml:")
    assert f"versions_of: {message}" in problem["message"]
    assert container.stores.configurations.latest("default", "follower") is None


def test_who_is_shared_with_nobody_lends_nothing(save):
    (problem,) = save(lender(share="nobody"), follower())

    assert problem["message"] == "versions_of: lender is shared with nobody"


def test_units_and_descriptions_make_no_other_schema(save):
    schema = a_declaration()["schema"]
    schema["inputs"]["x"] |= {"unit": "m", "description": "how long"}

    assert save(lender(), follower(schema=schema)) == []
