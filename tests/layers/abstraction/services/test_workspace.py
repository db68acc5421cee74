"""Service files come into the registry, at start and whenever one changes."""

import sqlite3

import pytest
from structlog.testing import capture_logs
from tiny import a_declaration, silent, write_service

from minerva.bootstrap import open_job
from minerva.layers.abstraction.serving.question import Question
from minerva.settings import load


@pytest.fixture
def services(container):
    """The use case that is tested."""
    return container.workspace_services


@pytest.fixture
def names(container):
    """A function that returns service → configuration revision."""

    def declared() -> dict[str, int]:
        latest = container.stores.configurations.list_latest("default")
        return {configuration.service: configuration.revision for configuration in latest}

    return declared


def test_files_are_applied_once_and_again_when_one_changes(workspace, services, names):
    path = write_service(workspace, a_declaration("a"))

    with capture_logs() as events:
        services.refresh()
        services.refresh()
        first = names()
        path.write_text(path.read_text() + "description: changed\n")
        write_service(workspace, a_declaration("b"))
        services.refresh()

    assert first == {"a": 1}
    assert names() == {"a": 2, "b": 1}
    assert [event["event"] for event in events].count("service.declared") == 3
    assert services.problems() == []


def test_nothing_is_read_while_no_file_changes(workspace, services, names):
    write_service(workspace, a_declaration("bad", algorithm="unknown"))

    with capture_logs() as events:
        services.refresh()
        services.refresh()

    assert [event["event"] for event in events if "plugin" not in event] == ["service.refused"]


def test_a_broken_file_leaves_the_registered_service_as_it_is(workspace, services, names):
    path = write_service(workspace, a_declaration("a"))
    services.refresh()

    path.write_text("service: a\nalgorithm: [\n")
    services.refresh()

    assert names() == {"a": 1}
    (problem,) = services.problems()
    assert problem["where"] == "a.yaml:3"

    write_service(workspace, a_declaration("a"))
    services.refresh()

    assert services.problems() == []


def test_an_unknown_algorithm_is_compared_with_the_known_ones(workspace, services, names):
    write_service(workspace, a_declaration("a", algorithm="liner"))
    write_service(workspace, a_declaration("b", algorithm="zzz"))

    services.refresh()

    near, far = services.problems()
    assert near == {"where": "a.yaml:2", "message": "algorithm: unknown; did you mean 'linear'?"}
    assert far["message"].startswith("algorithm: unknown; there are: ")
    assert "misbehaving" in far["message"]
    assert names() == {}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"shift": "much"}, "parameters.shift: Expected 'float', got 'str'"),
        ({"shfit": 1}, "parameters.shfit: unknown; did you mean 'shift'?"),
    ],
)
def test_wrong_parameters_are_told_with_file_and_line(workspace, services, parameters, message):
    path = write_service(workspace, a_declaration("a", parameters=parameters))
    lines = path.read_text().splitlines()

    services.refresh()

    (problem,) = services.problems()
    name = message.partition(":")[0].rpartition(".")[2]
    line = next(number for number, line in enumerate(lines, 1) if line.strip().startswith(name))
    assert problem == {"where": f"a.yaml:{line}", "message": message}


def test_a_gate_that_does_not_fit_the_output_is_told(workspace, services):
    gate = {"metric": "roc_auc", "at_least": 0.8}
    write_service(workspace, a_declaration("a", training={"gate": gate}))

    services.refresh()

    (problem,) = services.problems()
    assert problem["message"] == ("training.gate.metric: unknown here; known: rmse, mae, r2")


def test_broken_plugins_are_told_beside_broken_services(workspace):
    (workspace / "plugins" / "broken.py").write_text("1 / 0")
    with open_job(load(workspace, {})) as container:
        problems = container.workspace_services.problems()

    assert problems == [
        {"where": "plugins/broken.py", "message": "ZeroDivisionError: division by zero"}
    ]


def test_an_algorithm_that_needs_no_data_serves_as_soon_as_it_is_declared(
    workspace, services, container
):
    write_service(workspace, a_declaration("a", "fixed", parameters={"shift": 3.0}))

    services.refresh()

    assert container.registry.aliases("default", "a") == {"champion": 1}

    write_service(workspace, a_declaration("a", "fixed", parameters={"shift": 4.0}))
    services.refresh()

    assert container.registry.aliases("default", "a") == {"champion": 2}


def test_starting_again_makes_nothing_new(workspace, services, container):
    write_service(workspace, a_declaration("a", "fixed"))
    services.refresh()

    with capture_logs() as events, open_job(load(workspace, {})) as again:
        again.workspace_services.refresh()

    assert not [event for event in events if event["event"].startswith(("version.", "service."))]
    assert len(container.registry.versions("default", "a")) == 1


def test_a_rollback_is_not_undone_by_starting_again(workspace, services, container):
    for shift in (1.0, 2.0):
        write_service(workspace, a_declaration("a", "fixed", parameters={"shift": shift}))
        services.refresh()
    container.registry.rollback("default", "a", author="operator")

    with open_job(load(workspace, {})) as again:
        again.workspace_services.refresh()

    assert container.registry.aliases("default", "a") == {"champion": 1}


def test_what_fails_in_making_a_version_is_told_by_service(workspace, services, container):
    good = a_declaration("b", "fixed")
    bad = a_declaration("a", "fixed", data={"source": "csv", "path": "${NOT_SET}/data.csv"})
    write_service(workspace, bad)
    write_service(workspace, good)

    services.refresh()

    assert services.problems() == [
        {
            "where": "service a",
            "message": "The service's data names the environment variable NOT_SET, which is not set.",
        }
    ]
    assert container.registry.aliases("default", "b") == {"champion": 1}


def test_a_database_that_is_locked_is_asked_again_though_no_file_changed(workspace):
    write_service(workspace, a_declaration("a"))
    settings = load(workspace, {"MINERVA_DATABASE_TIMEOUT_S": "0.05"})
    with open_job(settings) as container:
        services = container.workspace_services
        other = sqlite3.connect(workspace / ".minerva" / "minerva.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        services.refresh()
        (problem,) = services.problems()
        other.execute("ROLLBACK")
        other.close()

        services.refresh()

        assert problem["where"] == "service a"
        assert "locked" in problem["message"]
        assert services.problems() == []
        assert container.registry.configuration("default", "a").revision == 1


@pytest.fixture
def edit(workspace, container, services):
    """Replace a text of a plugin's file, as its author would, and have everyone look."""

    def edited(old, new, file="linear.py"):
        path = workspace / "plugins" / file
        path.write_text(path.read_text().replace(old, new))
        container.look()
        container.live.refresh()

    return edited


@pytest.fixture
def champion(container):
    """Who serves `a`, with what it answers for x = 1."""

    def asked():
        answer = container.predictor.predict("default", "a", Question([{"x": 1}]))
        return answer.version, answer.predictions[0]["y"]

    return asked


def test_an_edited_plugin_without_data_serves_at_once_and_again_after_going_back(
    workspace, container, edit, champion
):
    write_service(workspace, a_declaration("a", "fixed", parameters={"shift": 1.0}))
    container.look()
    before = champion()

    edit("LinearModel(0.0, context.parameters.shift,", "LinearModel(0.0, 7.0,")
    after = champion()
    edit("LinearModel(0.0, 7.0,", "LinearModel(0.0, context.parameters.shift,")

    assert (before, after, champion()) == (("1", 1.0), ("2", 7.0), ("1", 1.0))


def test_a_plugin_that_breaks_is_told_and_what_served_goes_on(
    workspace, container, edit, champion, services
):
    write_service(workspace, a_declaration("a", "fixed", parameters={"shift": 1.0}))
    container.look()

    edit("class LinearModel:", "class LinearModel")

    assert champion() == ("1", 1.0)
    assert [one["where"] for one in services.problems() if "linear" in one["where"]]
    edit("class LinearModel", "class LinearModel:")
    assert services.problems() == []


def test_a_service_whose_plugin_comes_later_is_declared_then(workspace, container, names, services):
    plugin = workspace / "plugins" / "linear.py"
    source = plugin.read_text()
    plugin.unlink()
    write_service(workspace, a_declaration("a", "fixed"))
    container.look()
    (problem,) = services.problems()

    plugin.write_text(source)
    container.look()

    assert "no algorithm 'fixed'" in problem["message"] or "unknown" in problem["message"]
    assert names() == {"a": 1}
    assert services.problems() == []


def test_foreign_code_is_not_run_here_but_by_one_job_whoever_asks(
    workspace, container, edit, services
):
    edit('runtime = "inline"', 'runtime = "process"')
    write_service(workspace, a_declaration("a", "fixed", parameters={"shift": 1.0}))
    container.look()
    with open_job(load(workspace, {})) as another:
        another.look()

    (job,) = container.jobs.list("default")
    assert (job.service, job.kind, job.author) == ("a", "train", "workspace")
    assert container.registry.versions("default", "a") == []


def test_going_back_to_an_earlier_source_is_another_job(workspace, container, edit):
    edit('runtime = "inline"', 'runtime = "process"')
    write_service(workspace, a_declaration("a", "fixed", parameters={"shift": 1.0}))
    container.look()

    def made():
        configuration = container.registry.configuration("default", "a")
        container.versioning.make(configuration, job_id=None, author="tests", progress=silent)

    made()
    edit("LinearModel(0.0, context.parameters.shift,", "LinearModel(0.0, 7.0,")
    made()
    edit("LinearModel(0.0, 7.0,", "LinearModel(0.0, context.parameters.shift,")

    assert len(container.jobs.list("default")) == 3
