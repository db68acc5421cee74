"""What Minerva itself makes of what the chart renders: service files, keys, and the question KEDA asks."""

import base64
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from helm_chart import documents, one, render
from sqlalchemy import create_engine, text

from minerva.adapters.metadata import open_metadata
from minerva.layers.abstraction.jobs.job import Lease, NewJob, Queue
from minerva.layers.abstraction.services.folder import read_services, signature
from minerva.layers.abstraction.trust.signing import Signer
from minerva.layers.abstraction.webhooks.master_key import MasterKey
from minerva.layers.core.security.keys import parse


def mounted(folder: Path, files: dict[str, str], generation: int) -> None:
    """Lay files as the kubelet does: in a folder of a generation, behind a link that is swapped."""
    real = folder / f"..{generation}"
    real.mkdir(parents=True)
    for name, content in files.items():
        (real / name).write_text(content)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    new = folder / "..data_tmp"
    new.symlink_to(real.name)
    new.replace(folder / "..data")


def config_map(mode: str, name: str, *more: str) -> dict[str, str]:
    """The data of a rendered ConfigMap."""
    return one(documents(render(mode, *more)), "ConfigMap", name)["data"]


def test_services_flows_and_tenants_are_those_of_the_values(tmp_path):
    mounted(tmp_path / "services", config_map("scaled", "shop-minerva-services"), 1)
    mounted(tmp_path / "flows", config_map("scaled", "shop-minerva-flows"), 1)

    declared = read_services(tmp_path, check=lambda _: None)

    assert declared.problems == ()
    assert [one.service for one in declared.services] == ["price", "quote"]
    others = dict(declared.others)
    assert sorted(others) == ["acme", "globex"]
    assert others["acme"].serving.deadline_ms == 50


def test_a_changed_file_is_noticed_in_a_running_pod(tmp_path):
    mounted(tmp_path / "services", config_map("bundled", "shop-minerva-services"), 1)
    before = signature(tmp_path)
    changed = config_map("bundled", "shop-minerva-services", "--set", "tenants.acme.price=")

    mounted(tmp_path / "services", changed, 2)

    assert signature(tmp_path) != before
    assert [*dict(read_services(tmp_path, lambda _: None).others)] == ["acme"]


@pytest.fixture
def made(tmp_path) -> Path:
    """The generated keys as files, as a Secret is mounted for its reader."""
    secret = one(documents(render("bundled")), "Secret", "shop-minerva-keys")
    for name, content in secret["data"].items():
        (tmp_path / name).write_bytes(base64.b64decode(content))
        (tmp_path / name).chmod(0o600)
    return tmp_path


def test_generated_keys_are_keys(made):
    signer = Signer.open(made / "signing.key")
    signer.check(b"a version", signer.sign(b"a version"))
    assert MasterKey.open(made / "webhook.key").secret_text("default", "a").startswith("whsec_")
    assert parse((made / "admin.key").read_text()) is not None


def test_generated_keys_are_others_each_time(made):
    another = documents(render("bundled", release="till"))
    again = one(another, "Secret", "till-minerva-keys")["data"]
    assert {base64.b64decode(each) for each in again.values()}.isdisjoint(
        file.read_bytes() for file in made.iterdir()
    )


def job(number: int, queue: Queue = Queue.TRAIN, **more) -> NewJob:
    """A job that nobody has begun."""
    now = datetime.now(UTC)
    given = {
        "id": f"job-{number}", "tenant": "default", "service": "churn", "kind": "train", "payload": {},
        "configuration_revision": 1, "author": "a test", "idempotency_key": None, "request_id": "", "trace_id": "",
        "max_attempts": 3, "created_at": now, "queue": queue, **more,
    }  # fmt: skip
    return NewJob(**given)


def counted(url: str, *more: str) -> int:
    """Ask what KEDA asks."""
    scaled = one(documents(render("zero", *more)), "ScaledObject", "shop-minerva-worker")
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.scalar(text(scaled["spec"]["triggers"][0]["metadata"]["query"]))
    engine.dispose()
    return int(found)


def test_keda_counts_the_jobs_that_wait_and_run_and_no_others(postgresql):
    url = postgresql.database()
    now = datetime.now(UTC)
    later = now + timedelta(hours=1)
    with closing(open_metadata(url, 20)) as stores:
        assert counted(url) == 0
        for new in (job(1), job(2, Queue.BATCH), job(3, not_before=later), job(4, Queue.QUICK)):
            stores.jobs.submit(new)
        stores.leases.claim("job-4", Lease("token", "a worker", later), now)
        assert counted(url) == 3  # two wait, one runs, and one has time
        assert counted(url, "--set", "worker.queues={batch}") == 1
        load = stores.jobs.load(now).values()
        assert sum(one.waiting + one.running for one in load) == 3  # as /metrics tells
