"""Revisions of a configuration: who changed what and why, and the way back to one."""

import pytest
from structlog.testing import capture_logs
from tiny import a_declaration, write_service

from minerva.errors import InvalidConfiguration, NotFound
from minerva.layers.abstraction.services.revisions import learnt_from, masked


@pytest.fixture
def revisions(container):
    """The use case that is tested."""
    return container.offline.revisions


@pytest.fixture
def save(workspace, container):
    """A function that saves the file of service `a` and has it noticed."""

    def saved(shift, **parts):
        write_service(workspace, a_declaration("a", parameters={"shift": shift}, **parts))
        container.look()

    return saved


def of(revisions, member="parameters.shift"):
    """Return revision → what became of a parameter."""
    listed = revisions.list("default", "a")
    return {
        one.configuration.revision: next((d.after for d in one.changes if d.member == member), None)
        for one in listed
    }


def test_each_change_tells_author_reason_and_difference(save, revisions, workspace):
    save(1.0)
    save(2.0, reason="too low in March")

    newest, first = revisions.list("default", "a")

    assert newest.configuration.author == (workspace / "services" / "a.yaml").owner()
    assert newest.configuration.reason == "too low in March"
    assert [tuple(one) for one in newest.changes] == [("parameters.shift", 1.0, 2.0)]
    assert (first.configuration.reason, first.changes) == ("", [])
    assert newest.to_json()["changes"] == [
        {"member": "parameters.shift", "before": 1.0, "after": 2.0}
    ]


def test_another_reason_alone_makes_no_revision(save, revisions):
    save(1.0, reason="at first")
    save(1.0, reason="on second thoughts")

    (only,) = revisions.list("default", "a")

    assert only.configuration.reason == "at first"


def test_the_way_back_is_a_revision_that_lasts_until_the_file_changes(save, revisions, container):
    save(1.0)
    save(2.0)

    with capture_logs() as events:
        restored = revisions.restore("default", "a", 1, author="ann", reason="it was better")
    container.look()

    assert restored.job_id is None
    configuration = container.registry.configuration("default", "a")
    assert (configuration.revision, configuration.author) == (3, "ann")
    assert configuration.declaration["parameters"] == {"shift": 1.0}
    assert configuration.derived
    (told,) = [one for one in events if one["event"] == "service.declared"]
    assert (told["revision"], told["author"], told["reason"]) == (3, "ann", "it was better")
    save(4.0)
    assert of(revisions) == {4: 4.0, 3: 1.0, 2: 2.0, 1: None}


def test_what_counts_already_is_not_restored_again(save, revisions):
    save(1.0)
    save(2.0)
    revisions.restore("default", "a", 1, author="ann", reason="once")

    again = revisions.restore("default", "a", 1, author="bob", reason="twice")

    assert (again.configuration.revision, again.configuration.author) == (3, "ann")


def test_a_training_is_started_once_where_it_is_wanted(save, revisions, container):
    save(1.0, data={"source": "csv", "path": "a.csv"})
    save(2.0, data={"source": "csv", "path": "a.csv"})

    first = revisions.restore("default", "a", 1, author="ann", reason="back", train=True)
    second = revisions.restore("default", "a", 1, author="ann", reason="back", train=True)

    assert first.job_id == second.job_id == container.jobs.list("default")[0].id


def test_what_learns_nothing_gets_its_version_without_being_asked(workspace, container, revisions):
    for shift in (1.0, 2.0):
        write_service(workspace, a_declaration("a", "fixed", parameters={"shift": shift}))
        container.look()

    assert revisions.restore("default", "a", 1, author="ann", reason="back").job_id is not None


def test_a_revision_that_cannot_be_used_any_more_is_refused(save, revisions, workspace, container):
    save(1.0)
    save(2.0)
    plugin = workspace / "plugins" / "linear.py"
    plugin.write_text("this is no Python")
    container.look()

    with pytest.raises(InvalidConfiguration, match="no algorithm"):
        revisions.restore("default", "a", 1, author="ann", reason="back")


def test_what_is_not_there_is_told(save, revisions):
    save(1.0)

    with pytest.raises(NotFound, match="no revision 7"):
        revisions.restore("default", "a", 7, author="ann", reason="back")
    with pytest.raises(NotFound, match="Did you mean 'a'"):
        revisions.list("default", "aa")


def test_passwords_of_urls_are_masked_at_any_depth():
    shown = masked({"data": {"url": "postgresql://me:secret@db/x", "tags": ["a://b:c@d", 1]}})

    assert shown == {"data": {"url": "postgresql://me:***@db/x", "tags": ["a://b:***@d", 1]}}


def test_policies_are_nothing_that_is_learnt_from():
    declared = {"algorithm": "a", "parameters": {"x": 1}, "training": {"seed": 1}}
    policies = {"serving": {"deadline_ms": 5}, "monitoring": {"drift": 0}, "description": "b"}

    assert learnt_from({**declared, **policies}) == learnt_from(declared)
    assert learnt_from({**declared, "training": {"seed": 2}}) != learnt_from(declared)
