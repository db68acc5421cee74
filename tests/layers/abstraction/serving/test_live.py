"""What a process serves: one picture, renewed as a whole."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from structlog.testing import capture_logs
from tiny import declaration_of, named

from minerva.errors import Conflict, NotFound, Unavailable
from minerva.layers.abstraction.plugins.catalogue import Catalogue
from minerva.layers.abstraction.registry.records import Served
from minerva.layers.abstraction.serving.live import LiveServices
from minerva.layers.abstraction.serving.question import Question


@pytest.fixture
def live(container) -> LiveServices:
    """The picture of the container, which tries a broken version again at every look."""
    container.live.retry_after_s = 0
    return container.live


def answer(container, service="value") -> tuple[str, float]:
    """Ask for x = 1; return version and prediction."""
    answered = container.predictor.predict("default", service, Question([{"x": 1}]))
    return answered.version, answered.predictions[0]["y"]


def break_version(container, version):
    """Change a byte of its model."""
    for file in (container.artefacts.fetch(version.digest) / "model").iterdir():
        file.write_bytes(b"{" + file.read_bytes())


def test_before_the_first_look_nothing_is_ready(live):
    readiness = live.readiness()

    assert (readiness.ready, readiness.services, live.revision) == (False, [], -1)


def test_an_empty_registry_is_ready(live):
    assert live.refresh()
    assert live.readiness().ready
    assert live.all("default") == []


def test_a_service_without_a_version_is_there_and_ready(live, declare):
    declare(description="Words.", serving={"deadline_ms": 50, "batching": {"max_batch": 8}})
    live.refresh()

    service = live.find("default", "value")
    assert service.to_json() == {
        "service": "value",
        "description": "Words.",
        "algorithm": "linear",
        "configuration_revision": 1,
        "version": None,
        "champion": None,
        "ready": True,
        "problem": None,
        "circuit": None,
        "serving": {"deadline_ms": 50, "batching": {"max_batch": 8, "max_wait_ms": 5}},
        "schema": service.declaration.schema.to_json(),
        "truth": [{"name": "y", "type": "number"}],
    }
    assert live.readiness().ready


def test_the_champion_is_loaded_and_swapped_once(container, live, make):
    make()
    assert live.refresh()
    assert not live.refresh()
    first = live.find("default", "value")
    make(parameters={"shift": 1.0})

    with capture_logs() as events:
        assert live.refresh()
        assert not live.refresh()

    second = live.find("default", "value")
    assert (first.version.number, second.version.number) == (1, 2)
    assert [event["event"] for event in events].count("version.loaded") == 1
    assert answer(container) == ("2", pytest.approx(3.0))


def test_what_did_not_change_is_not_loaded_again(live, make):
    make("a")
    make("b")
    live.refresh()
    before = live.find("default", "a")
    make("b", parameters={"shift": 1.0})

    live.refresh()

    assert live.find("default", "a") is before


def test_new_words_about_a_service_keep_its_loaded_version(live, make, declare):
    make()
    live.refresh()
    before = live.find("default", "value")
    declare(description="Words.")

    live.refresh()

    after = live.find("default", "value")
    assert after.loaded is before.loaded
    assert (after.declaration.description, after.revision) == ("Words.", 2)


def test_callers_fit_the_serving_versions_schema_until_another_serves(live, make, declare):
    make()
    wider = declaration_of().schema.to_json()
    wider["inputs"].append({"name": "z", "type": "number"})
    declare(schema=wider)

    live.refresh()

    assert list(live.find("default", "value").schema.inputs) == ["x", "email"]


def test_services_are_listed_by_name_and_each_tenant_has_its_own(container, live, make):
    make("b")
    make("a")
    container.registry.declare("acme", declaration_of("c"), "tests")
    live.refresh()

    assert [one.declaration.service for one in live.all("default")] == ["a", "b"]
    assert [one.declaration.service for one in live.all("acme")] == ["c"]
    with pytest.raises(NotFound):
        live.find("acme", "a")


def test_an_unknown_service_is_compared_with_the_tenants_own(container, live, make):
    make("churn")
    container.registry.declare("acme", declaration_of("chorn"), "tests")
    live.refresh()

    with pytest.raises(NotFound, match=r"no service 'churm'. Did you mean 'churn'\?$"):
        live.find("default", "churm")
    with pytest.raises(NotFound, match=r"no service 'zzz'\.$"):
        live.find("default", "zzz")


def test_a_broken_first_version_is_not_ready_and_says_why(container, live, make):
    break_version(container, make())

    with capture_logs() as events:
        live.refresh()
        live.refresh()

    (service,) = live.readiness().services
    assert not live.readiness().ready
    assert service["problem"].startswith("Version 1 cannot be served: File 'model/line.json'")
    assert live.find("default", "value").to_json()["ready"] is False
    assert [event["event"] for event in events].count("version.refused") == 1


def corrupt(container, version):
    """A changed byte."""
    break_version(container, version)


def vanish(container, version):
    """Files that are gone."""
    container.artefacts.delete(version.digest)


@pytest.mark.parametrize("harm", [corrupt, vanish])
def test_while_the_new_version_is_broken_the_old_one_serves_and_it_is_tried_again(
    container, live, make, tmp_path, harm
):
    make()
    live.refresh()
    second = make(parameters={"shift": 5.0})
    folder = container.artefacts.fetch(second.digest)
    shutil.copytree(folder, tmp_path / "copy")
    harm(container, second)

    with capture_logs() as events:
        live.refresh()
        live.refresh()

    service = live.find("default", "value").to_json()
    assert answer(container) == ("1", pytest.approx(2.0))
    assert (service["version"], service["champion"], service["ready"]) == ("1", "2", True)
    assert service["problem"].startswith("Version 2 cannot be served: ")
    assert live.readiness().ready
    assert [event["event"] for event in events].count("version.refused") == 1

    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(tmp_path / "copy", folder)
    live.refresh()

    assert answer(container) == ("2", pytest.approx(7.0))
    assert live.find("default", "value").problem is None
    assert not live.refresh()


def test_a_broken_version_is_left_alone_for_a_while(container, live, make):
    break_version(container, make())
    live.retry_after_s = 600

    assert live.refresh()

    assert not live.refresh()


def test_a_version_whose_installed_plugin_is_missing_is_served_when_it_comes(container, make):
    make("value", "constant", parameters={"output": {"y": 1.0}})
    complete = container.catalogue()
    present = {"catalogue": Catalogue({})}
    loader = replace(container.versioning.loader, catalogue=lambda: present["catalogue"])
    late = LiveServices(container.stores.revision, loader)

    late.refresh()
    problem = late.find("default", "value").problem
    present["catalogue"] = complete
    late.refresh()

    assert problem.startswith("Version 1 cannot be served: There is no algorithm 'constant'")
    assert late.find("default", "value").ready
    assert late.find("default", "value").problem is None


@pytest.mark.parametrize("error", [RuntimeError("?"), SystemExit(1), Conflict("Goldens differ.")])
def test_one_service_that_cannot_be_loaded_harms_no_other(container, make, error):
    """Whatever a plugin raises: the picture is renewed for everyone else."""
    make("good")
    make("bad")
    whole = container.versioning.loader

    class Picky:
        def load(self, version, terms):
            if version.service == "bad":
                raise error
            return whole.load(version, terms)

    live = LiveServices(container.stores.revision, Picky())
    with capture_logs() as events:
        live.refresh()

    assert live.find("default", "good").version.number == 1
    assert live.find("default", "bad").problem.startswith("Version 1 cannot be served: ")
    assert not live.readiness().ready
    (refused,) = [event for event in events if event["event"] == "version.refused"]
    assert (refused["exc_info"] is None) == isinstance(error, Conflict)


def test_a_configuration_of_another_release_harms_no_other(container, make, declare):
    make("good")
    make("later")
    declare("new")
    store = container.stores.revision

    class FromTheFuture:
        spoil = False

        def current(self):
            return store.current() + self.spoil

        def served(self):
            revision, served = store.served()
            return revision + self.spoil, [self._spoilt(one) for one in served]

        def served_since(self, revision):
            return None

        def _spoilt(self, one):
            if not self.spoil or one.configuration.service == "good":
                return one
            plain = {**one.configuration.declaration, "novelty": 1}
            changed = replace(one.configuration, declaration=plain, revision=9)
            return Served(changed, one.champion)

    registry = FromTheFuture()
    live = LiveServices(registry, container.versioning.loader)
    live.refresh()
    fresh = LiveServices(registry, container.versioning.loader)
    registry.spoil = True
    with capture_logs() as events:
        live.refresh()
        live.refresh()
        fresh.refresh()

    kept = live.find("default", "later")
    assert kept.version.number == 1
    assert kept.problem == "Configuration 9 cannot be used: The service declaration cannot be used."
    assert live.find("default", "good").problem is None
    assert [one.declaration.service for one in fresh.all("default")] == ["good"]
    refused = [event["service"] for event in events if event["event"] == "configuration.refused"]
    assert sorted(refused[:2]) == ["later", "new"]
    assert len(refused) == 4  # once by each process


def test_places_are_kept_while_a_broken_version_is_tried_again(container, live, make):
    """Else each look would give a busy service new places."""
    serving = {"max_concurrency": 1}
    make(serving=serving)
    live.refresh()
    slots = live.find("default", "value").slots
    break_version(container, make(serving=serving, parameters={"shift": 1.0}))
    live.refresh()

    assert live.find("default", "value").slots is slots

    make(serving={"max_concurrency": 2}, parameters={"shift": 2.0})
    live.refresh()

    assert live.find("default", "value").slots is not slots


def test_catching_up_looks_only_when_the_registry_has_moved_on(live, make, declare):
    declare()
    live.refresh()
    before = live.find("default", "value")

    live.catch_up()
    same = live.find("default", "value")
    make()
    live.catch_up()

    assert same is before
    assert live.find("default", "value").champion == 1


def test_a_registry_that_is_away_is_not_caught_up_with(container, live, make):
    make()
    live.refresh()

    class Away:
        def current(self):
            raise Unavailable("The database is locked.")

    behind = replace(live, registry=Away())
    with capture_logs() as events:
        behind.catch_up()

    assert behind.find("default", "value").version.number == 1
    assert named(events, "registry.") == ["registry.away"]


def test_problems_are_those_of_the_house(container):
    told = [{"where": "a.yaml:1", "message": "is empty"}]

    assert LiveServices(None, None, lambda: told).problems() == told
    assert LiveServices(None, None).problems() == []


def test_fifty_promotions_while_eight_threads_ask(container, live, make):
    """No call fails, and each answer is wholly of the version that it names."""
    shifts = {str(make(parameters={"shift": float(n)}).number): float(n) for n in (0, 10, 20)}
    live.refresh()
    over = threading.Event()
    ready = threading.Barrier(9)

    def ask_on() -> set[str]:
        seen = set()
        ready.wait()
        while not over.wait(0.005):  # leaves the interpreter to the promotions now and then
            version, prediction = answer(container)
            assert prediction == pytest.approx(2.0 + shifts[version])
            seen.add(version)
        return seen

    with ThreadPoolExecutor(8) as threads:
        asking = [threads.submit(ask_on) for _ in range(8)]
        try:
            ready.wait()
            for turn in range(50):
                container.registry.promote("default", "value", turn % 3 + 1, author="tests")
                live.refresh()
        finally:
            over.set()
        seen = set().union(*(one.result(timeout=60) for one in asking))

    assert seen == set(shifts)
    assert live.find("default", "value").version.number == 50 % 3
