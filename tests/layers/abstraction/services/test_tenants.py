"""A service may be other tenants' too, each with what differs for them."""

import pytest
from tiny import a_declaration, silent, write_service

from minerva.errors import Conflict
from minerva.layers.abstraction.jobs.jobs import TRAIN, Asked
from minerva.layers.abstraction.serving.question import Question

OURS = "default"


@pytest.fixture
def save(workspace, container):
    """A function that saves the file of service `a` and returns the problems."""

    def saved(tenants, algorithm="linear", **parts):
        declared = a_declaration("a", algorithm, tenants=tenants, **parts)
        write_service(workspace, declared)
        container.look()
        return container.workspace_services.problems()

    return saved


@pytest.fixture
def train(container):
    """A function that trains a tenant's service `a` here and now, and has it noticed."""

    def trained(tenant=OURS):
        configuration = container.registry.configuration(tenant, "a")
        container.versioning.make(configuration, job_id=None, author="tests", progress=silent)
        container.look()
        container.live.refresh()

    return trained


def declared(container, tenant):
    """Return what is declared for a tenant."""
    return container.registry.configuration(tenant, "a").declaration


def answer(container, tenant):
    """Return what a tenant is answered for one record."""
    container.live.refresh()
    return container.predictor.predict(tenant, "a", Question([{"x": 1}]))


def test_a_tenant_has_the_service_with_what_differs_for_it(save, container):
    assert save({"acme": {"serving": {"deadline_ms": 50}}, "globex": None}) == []

    assert declared(container, "acme")["serving"]["deadline_ms"] == 50
    assert "deadline_ms" not in declared(container, "globex")["serving"]
    assert "deadline_ms" not in declared(container, OURS)["serving"]
    assert "tenants" not in declared(container, OURS)


def test_where_policies_alone_differ_the_model_is_the_same(save, container, train):
    save({"acme": {"serving": {"deadline_ms": 50}}}, parameters={"shift": 2.0})
    train()

    ours, theirs = answer(container, OURS), answer(container, "acme")

    assert ours.predictions == theirs.predictions
    mine = container.registry.version(OURS, "a", 1)
    assert container.registry.version("acme", "a", 1).digest == mine.digest
    assert declared(container, "acme")["versions_of"] == "a"


def test_where_parameters_differ_a_tenant_has_versions_of_its_own(save, container, train):
    save({"acme": {"parameters": {"shift": 0.5}}})
    train()
    train("acme")

    (ours,) = answer(container, OURS).predictions
    (theirs,) = answer(container, "acme").predictions

    assert theirs["y"] == pytest.approx(ours["y"] + 0.5)
    assert "versions_of" not in declared(container, "acme")


def test_what_learns_nothing_has_its_version_at_once(save, container):
    save({"acme": {"parameters": {"shift": 7.0}}}, "fixed", parameters={"shift": 1.0})

    assert answer(container, "acme").predictions[0]["y"] == 7.0
    assert answer(container, OURS).predictions[0]["y"] == 1.0


def test_who_follows_is_neither_trained_nor_promoted(save, container, train):
    save({"acme": None}, training={"schedule": "0 3 * * *"})
    train()

    with pytest.raises(
        Conflict, match="answers with the versions of 'a' of tenant 'default': train that one"
    ):
        container.jobs.submit(TRAIN, Asked(tenant="acme", service="a", author="ann"))
    with pytest.raises(Conflict, match="tune that one"):
        container.jobs.submit("tune", Asked(tenant="acme", service="a", author="ann"))
    with pytest.raises(Conflict, match="answers with the versions of 'a'"):
        container.registry.promote("acme", "a", 1, author="ann")
    with pytest.raises(Conflict, match="roll back that one"):
        container.registry.rollback("acme", "a", author="ann")
    assert "schedule" not in declared(container, "acme")["training"]


@pytest.mark.parametrize(
    ("tenants", "where", "message"),
    [
        (["acme"], "a.yaml", "tenants: expected a mapping"),
        ({"default": {}}, "a.yaml", "tenants.default: expected the name of a tenant other than"),
        ({"acme": 1}, "a.yaml", "tenants.acme: expected a mapping of what differs"),
        ({"acme": {"service": "b"}}, "a.yaml", "tenants.acme.service: is the same for all"),
        ({"acme": {"parameters": {"shfit": 1}}}, "a.yaml", "did you mean 'shift'?"),
        ({"acme": {"servng": {}}}, "a.yaml", "tenants.acme.servng: unknown; did you mean 'serving'?"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_file_and_line(save, tenants, where, message):
    (problem,) = save(tenants)

    assert problem["where"].startswith(f"{where}:")
    assert message in problem["message"]


def test_where_one_tenant_cannot_be_no_other_is_declared(save, container):
    save({"acme": None, "globex": {"parameters": {"shfit": 1}}})

    assert container.stores.configurations.latest("acme", "a") is None
    assert container.stores.configurations.latest(OURS, "a") is None


def test_a_file_that_extends_another_is_not_shared_with_its_tenants(save, workspace, container):
    save({"acme": None})
    path = workspace / "services" / "b.yaml"
    path.write_text("service: b\nextends: a\n")
    container.look()

    assert container.stores.configurations.latest(OURS, "b") is not None
    assert container.stores.configurations.latest("acme", "b") is None
