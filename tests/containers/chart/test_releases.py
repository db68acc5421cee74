"""The real helm installs, upgrades and uninstalls: what is made in which order, what stays, what a failure leaves."""

import base64
import os
import re
from collections.abc import Callable, Iterator

import pytest
from api_server import Cluster, api_server
from helm_chart import CHART, MODES, helm

MADE_KEYS = ("--set", "keys.existingSecret=", "--set", "keys.generate=true")
Helm = Callable[..., tuple[int, str]]


@pytest.fixture
def server() -> Iterator[tuple[str, Cluster]]:
    """An API server of one's own."""
    with api_server() as running:
        yield running


@pytest.fixture
def cluster(server) -> Cluster:
    """What it knows."""
    return server[1]


@pytest.fixture
def run(server, postgresql, tmp_path) -> Helm:
    """Run helm against it, with helm's own records in a database: to an API server it speaks no JSON of them."""
    folders = {f"HELM_{name}_HOME": str(tmp_path) for name in ("CACHE", "CONFIG", "DATA")}
    records = {
        "HELM_DRIVER": "sql",
        "HELM_DRIVER_SQL_CONNECTION_STRING": postgresql.database().replace("+psycopg", ""),
    }

    def ran(command: str, release: str, mode: str | None = None, *more: str) -> tuple[int, str]:
        where = ("--kube-apiserver", server[0], "--kube-token", "x", "--namespace", "default")
        chart = () if mode is None else (CHART, "--values", MODES[mode])
        done = helm(
            command,
            release,
            *chart,
            *where,
            *more,
            environment={**os.environ, **folders, **records},
        )
        return done.returncode, done.stdout + done.stderr

    return ran


def data(cluster: Cluster, name: str) -> dict[str, str]:
    """What a Secret holds."""
    return dict(cluster.objects[("secrets", name)]["data"])


def test_keys_come_first_then_the_migration_then_all_else(run, cluster):
    code, told = run("install", "shop", "standalone", *MADE_KEYS)

    assert code == 0, told
    assert cluster.made[:2] == ["Secret shop-minerva-keys", "Job shop-minerva-migrate"]
    assert "Deployment shop-minerva" in cluster.made
    assert cluster.named("jobs") == []  # it has succeeded, and is removed


def test_nothing_is_installed_if_the_migration_fails(run, cluster):
    cluster.jobs_fail = True

    code, told = run("install", "shop", "standalone")

    assert code == 1
    assert "pre-install" in told
    assert cluster.made == ["Job shop-minerva-migrate"]
    assert cluster.named("jobs") == ["shop-minerva-migrate"]  # its log can be read


def test_nothing_is_changed_if_the_migration_of_an_upgrade_fails(run, cluster):
    assert run("install", "shop", "standalone")[0] == 0
    before = {place: str(each) for place, each in cluster.objects.items()}
    cluster.jobs_fail = True

    code, told = run("upgrade", "shop", "standalone", "--set", "image.repository=other")

    assert code == 1
    assert "pre-upgrade" in told
    assert {
        place: str(each) for place, each in cluster.objects.items() if place[0] != "jobs"
    } == before


def test_a_migration_that_failed_does_not_stand_in_the_way_of_the_next(run, cluster):
    cluster.jobs_fail = True
    assert run("install", "shop", "standalone")[0] == 1
    cluster.jobs_fail = False

    code, told = run("upgrade", "shop", "standalone", "--install")

    assert code == 0, told
    assert "shop-minerva" in cluster.named("deployments")


@pytest.mark.parametrize("mode", ["bundled", "sidecar-strict"])
def test_keys_and_passwords_outlive_upgrades_and_the_release(run, cluster, mode):
    secrets = ("shop-minerva-keys", "shop-minerva-postgresql")
    assert run("install", "shop", mode)[0] == 0
    first = [data(cluster, name) for name in secrets]
    redis = data(cluster, "shop-minerva-redis")

    code, told = run("upgrade", "shop", mode, "--set", "worker.replicas=3")
    assert code == 0, told
    assert [data(cluster, name) for name in secrets] == first
    assert data(cluster, "shop-minerva-redis") == redis

    assert run("uninstall", "shop")[0] == 0
    kept = {place for place in cluster.objects if not place[1].startswith("sh.helm.")}
    assert kept == {
        *(("secrets", name) for name in secrets),
        ("persistentvolumeclaims", "shop-minerva-artefacts"),
    }

    code, told = run("install", "shop", mode)
    assert code == 0, told
    assert [data(cluster, name) for name in secrets] == first


def test_the_urls_of_bundled_servers_lead_to_their_services(run, cluster):
    assert run("install", "shop", "bundled")[0] == 0

    for name, key, port in (
        ("shop-minerva-postgresql", "url", 5432),
        ("shop-minerva-postgresql", "connection", 5432),
        ("shop-minerva-redis", "url", 6379),
    ):
        kept = data(cluster, name)
        password = base64.b64decode(kept["password"]).decode()
        url = base64.b64decode(kept[key]).decode()
        assert re.search(rf":{password}@{name}(\.default\.svc)?:{port}/", url)
        assert name in cluster.named("services")


def test_two_releases_stand_beside_each_other(run, cluster):
    assert run("install", "shop", "bundled")[0] == 0
    one = set(cluster.objects)

    code, told = run("install", "till", "sidecar-strict")

    assert code == 0, told
    assert one <= set(cluster.objects)
    assert run("uninstall", "till")[0] == 0
    assert one <= set(cluster.objects)


@pytest.mark.parametrize("mode", sorted(MODES))
def test_what_helm_says_at_the_end_names_objects_that_there_are(run, cluster, mode):
    code, told = run("install", "shop", mode)

    assert code == 0, told
    assert "default" in told
    named = set(re.findall(r"\bshop-minerva[\w-]*", told))
    known = {name for _, name in cluster.objects}
    outside = {"minerva-keys"}
    assert named - known - outside == set()
    assert f"mode {'sidecar' if mode.startswith('sidecar') else 'standalone'}" in told
