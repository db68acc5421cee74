"""Services go from one workspace to another: all of a bundle, or nothing."""

import hashlib
import json
import shutil
import zipfile

import pytest
from tiny import PLUGINS, a_declaration, silent, write_data, write_service

from minerva.bootstrap import open_job
from minerva.bootstrap.sharing import giving, taking
from minerva.errors import Conflict, InvalidConfiguration, InvalidData
from minerva.layers.abstraction.registry.records import CHAMPION
from minerva.settings import load

EXTENDING = "service: b\nextends: bases/common.yaml\nparameters: {shift: 5.0}\n"


@pytest.fixture
def other(tmp_path):
    """Another workspace, with the same plugins and data and a key of its own, and its parts."""
    folder = tmp_path / "other"
    shutil.copytree(PLUGINS, folder / "plugins", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "services").mkdir()
    (folder / "keys").mkdir()
    write_data(folder)
    (folder / "minerva.toml").write_text('trusted_keys = "keys"\n')
    with open_job(load(folder, {})) as opened:
        yield opened


@pytest.fixture
def trusted(container, other, workspace):
    """The other workspace trusts this one's key from its start on."""
    signer = container.versioning.loader.signer
    (other.loaded.workspace / "keys" / "friend.pem").write_text(signer.public_key())
    with open_job(load(other.loaded.workspace, {})) as opened:
        yield opened


@pytest.fixture
def give(container, tmp_path):
    """A function that packs services of the workspace and returns the file."""

    def given(*services, with_versions=False):
        target = tmp_path / "bundle.zip"
        giving(container).give(services, target, with_versions=with_versions)
        return target

    return given


@pytest.fixture
def served(workspace, container):
    """Service `a` with a champion, and `b`, which extends a part of its own folder."""
    write_service(workspace, a_declaration("a", parameters={"shift": 2.0}))
    bases = workspace / "services" / "bases"
    bases.mkdir()
    common = {name: one for name, one in a_declaration().items() if name != "service"}
    (bases / "common.yaml").write_text(json.dumps(common))
    (workspace / "services" / "b.yaml").write_text(EXTENDING)
    container.look()
    configuration = container.registry.configuration("default", "a")
    container.versioning.make(configuration, job_id=None, author="tests", progress=silent)


def take(container, archive, **how):
    """Take a bundle."""
    return taking(container).take(archive, **{"force": False, "author": "ann", **how})


def files(container):
    """Return the service files of a workspace, by name."""
    folder = container.loaded.workspace / "services"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.yaml"))


def test_a_service_arrives_with_all_that_it_extends(served, give, other):
    taken = take(other, give("b"))

    assert taken.bundle.services == ("b",)
    assert files(other) == ["b.yaml", "bases/common.yaml"]
    other.look()
    assert other.registry.configuration("default", "b").declaration["parameters"] == {"shift": 5.0}


def test_a_flow_arrives_with_the_services_that_it_asks(served, give, workspace, other):
    flow = {
        "service": "pipeline",
        "algorithm": "flow",
        "schema": a_declaration("a")["schema"],
        "parameters": {"steps": {"asked": {"predict": "a"}}},
    }
    (workspace / "flows").mkdir()
    (workspace / "flows" / "pipeline.yaml").write_text(json.dumps(flow))

    taken = take(other, give("pipeline"))

    assert taken.bundle.services == ("pipeline", "a")
    assert files(other) == ["a.yaml"]
    assert (other.loaded.workspace / "flows" / "pipeline.yaml").is_file()


def test_what_is_taken_again_changes_nothing(served, give, other):
    archive = give("b")
    take(other, archive)

    assert take(other, archive).files == ()


def test_a_version_comes_along_and_serves_where_its_key_is_trusted(
    served, give, container, trusted
):
    taken = take(trusted, give("a", with_versions=True))

    version = trusted.registry.version("default", "a", taken.versions["a"])
    assert version.digest == container.registry.version("default", "a", 1).digest
    assert trusted.registry.aliases("default", "a") == {CHAMPION: 1}
    assert version.metrics == container.registry.version("default", "a", 1).metrics


def test_of_an_unknown_key_nothing_is_taken(served, give, other):
    with pytest.raises(Conflict, match="not signed by a key this workspace trusts"):
        take(other, give("a", with_versions=True))

    assert files(other) == []


def test_a_file_that_differs_is_written_over_only_by_force(served, give, other):
    path = write_service(other.loaded.workspace, a_declaration("a"))
    before = path.read_text()

    with pytest.raises(Conflict, match="--force") as caught:
        take(other, give("a"))
    assert caught.value.faults[0].where == "services/a.yaml"
    assert path.read_text() == before

    take(other, give("a"), force=True)
    assert "shift" in path.read_text()


def test_a_service_of_another_file_is_not_declared_twice(served, give, other):
    path = write_service(other.loaded.workspace, a_declaration("a"))
    path.rename(path.with_name("mine.yaml"))

    with pytest.raises(InvalidConfiguration, match="here already"):
        take(other, give("a"), force=True)


def test_plugins_that_are_not_here_are_named(served, give, other):
    archive = give("a")
    (other.loaded.workspace / "plugins" / "linear.py").unlink()
    other.look()

    with pytest.raises(InvalidConfiguration) as caught:
        take(other, archive)

    assert str(caught.value.faults[0]).startswith("plugins/linear.py: brings the algorithm linear")


def test_a_lender_comes_with_who_follows_it(served, workspace, give, other):
    write_service(workspace, a_declaration("c", versions_of="a"))

    assert set(take(other, give("c")).bundle.services) == {"a", "c"}


def test_a_service_that_is_extended_comes_as_a_service(served, workspace, give, other):
    (workspace / "services" / "d.yaml").write_text("service: d\nextends: a\n")

    assert set(take(other, give("d")).bundle.services) == {"a", "d"}


@pytest.mark.parametrize("scope", ["nobody", "workspace"])
def test_what_is_not_shared_with_anyone_stays(workspace, give, scope):
    write_service(workspace, a_declaration("a", share=scope))

    with pytest.raises(InvalidConfiguration, match="a stays in its workspace") as caught:
        give("a")

    (fault,) = caught.value.faults
    assert fault.where.startswith("a.yaml:")
    assert fault.message == f"says {scope}, not anyone"


def test_a_password_leaves_the_house_never(workspace, give):
    url = "postgresql://me:hush@db/x"
    data = {"source": "sql", "url": url, "query": "select 1"}
    write_service(workspace, a_declaration("a", data=data))

    with pytest.raises(InvalidConfiguration, match="no secrets") as caught:
        give("a")

    (fault,) = caught.value.faults
    assert fault.where.startswith("a.yaml:")
    assert "hush" not in str(caught.value)


def test_a_reference_to_the_environment_is_no_password(workspace, give):
    data = {"source": "sql", "url": "postgresql://me:${PW}@db/x", "query": "select 1"}
    write_service(workspace, a_declaration("a", data=data))

    assert give("a").exists()


def changed(archive, name, content):
    """Return the archive with one more or another file."""
    target = archive.with_name("changed.zip")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for one in old.namelist():
            if one != name:
                new.writestr(one, old.read(one))
        if content is not None:
            new.writestr(name, content)
    return target


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("services/a.yaml", "service: a", "was changed"),
        ("services/a.yaml", None, "is missing"),
        ("plugins/evil.py", "1", "does not belong to it"),
        ("services/evil.py", "1", "does not belong to it"),
        ("bundle.json", None, "is no bundle"),
        ("bundle.json", "{}", "cannot be read"),
        ("../evil", "1", "leads out"),
    ],
)
def test_a_bundle_that_was_changed_is_refused(served, give, other, name, content, said):
    with pytest.raises(InvalidData, match=said):
        take(other, changed(give("a"), name, content))

    assert files(other) == []


def test_a_bundle_holds_nothing_but_service_files_and_versions(served, give, other):
    archive = give("a")
    with zipfile.ZipFile(archive) as opened:
        told = json.loads(opened.read("bundle.json"))
    told["files"]["services/evil.py"] = hashlib.sha256(b"1").hexdigest()
    archive = changed(archive, "services/evil.py", "1")
    archive = changed(
        archive.rename(archive.with_name("evil.zip")), "bundle.json", json.dumps(told)
    )

    with pytest.raises(InvalidData, match="neither a service's nor a version's"):
        take(other, archive)


def test_a_bundle_of_another_format_is_refused(served, give, other):
    archive = give("a")
    with zipfile.ZipFile(archive) as opened:
        told = json.loads(opened.read("bundle.json"))

    with pytest.raises(InvalidData, match="format 9"):
        take(other, changed(archive, "bundle.json", json.dumps({**told, "format": 9})))


def test_the_same_services_make_the_same_bytes(served, give):
    assert give("a", "b").read_bytes() == give("a", "b").read_bytes()
