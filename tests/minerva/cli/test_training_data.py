"""Training on a file of one's own, with real processes: sent, interrupted, gone on with, and gone."""

import json
import time
import zipfile

import pytest
from descendants import descendants
from waiting import wait_until

from minerva.client import Client
from minerva.client.sending import PIECE

KILL_AFTER_PIECES = 2


@pytest.fixture
def ask(minerva, house):
    """Run a command against the house's sidecar and return what it tells machines."""

    def run(*arguments):
        result = minerva("--workspace", house.workspace, "--json", *arguments)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return run


@pytest.fixture
def client(house):
    key = (house.workspace / ".minerva" / "admin.key").read_text().strip()
    with Client(f"http://127.0.0.1:{house.port}", key) as client:
        yield client


@pytest.fixture
def large(churn_csv, tmp_path):
    """A file that is sent in several pieces."""
    header, *rows = churn_csv.read_bytes().splitlines(keepends=True)
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.write(header)
        while file.tell() < 3 * PIECE:
            file.writelines(rows)
    return path


def origin(client, number):
    manifest = client._line.call("GET", f"/v1/services/churn/versions/{number}")["version"][
        "manifest"
    ]
    return manifest["data"]["origin"]


def kept(house):
    state = house.workspace / ".minerva"
    folders = (state / "uploads", state / "artefacts" / "uploads")
    return [path for folder in folders if folder.is_dir() for path in folder.iterdir()]


def test_a_file_is_sent_and_trained_on_and_nothing_of_it_stays(ask, client, house, churn_csv):
    others = set(kept(house))  # of jobs that failed in other tests, which may be tried again
    job = ask("train", "churn", "--data", churn_csv)["job"]

    assert job["state"] == "succeeded", job
    told = origin(client, job["result"]["version"])
    assert (told["from"], told["source"], len(told["sha256"])) == ("uploaded", "csv", 64)
    wait_until(lambda: set(kept(house)) <= others, what=lambda: kept(house))


def test_named_data_is_trained_on_and_profiled(ask, client, house, churn_csv):
    folder = house.workspace / "data"
    folder.mkdir(exist_ok=True)
    (folder / "june.csv").write_bytes(churn_csv.read_bytes())

    job = ask("train", "churn", "--from", "data/june.csv")["job"]
    report = ask("profile", "churn", "--from", "data/june.csv")["job"]["result"]

    assert origin(client, job["result"]["version"]) == {
        "from": "named", "source": "csv", "path": "data/june.csv",
    }  # fmt: skip
    assert report["rows"] == job["result"]["rows"]


def test_the_declared_data_is_profiled_and_a_version_exported(ask, minerva, house):
    shown = minerva("--workspace", house.workspace, "profile", "churn")
    exported = ask("export", "churn", "--to", "data/churn.zip", "--overwrite")["job"]["result"]

    assert shown.exit_code == 0, shown.output
    assert "rows, 0 of them do not fit" in shown.stdout
    assert (house.workspace / "data" / "churn.zip").stat().st_size == exported["bytes"]


def test_an_exported_model_is_imported_into_another_workspace(ask, minerva, house, tmp_path):
    ask("export", "churn", "--to", "data/other.zip", "--overwrite")
    with zipfile.ZipFile(house.workspace / "data" / "other.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    (model,) = (tmp_path / "unpacked").glob("churn-*/version/model/*.ubj")
    minerva("init", tmp_path / "other")

    imported = minerva("--workspace", tmp_path / "other", "import", model, "--service", "churn")

    assert imported.exit_code == 0, imported.output


def test_an_upload_goes_on_after_its_web_process_is_killed(client, house, large):
    killed = []

    def told(sent, _size):
        if sent >= KILL_AFTER_PIECES * PIECE and not killed:
            killed.extend(web_workers(house))
            for process in killed:
                process.kill()

    upload = client.upload("churn", large, told=told)

    assert killed
    assert upload["complete"]
    assert upload["offset"] == large.stat().st_size


def test_wrong_rows_of_a_large_file_are_told_before_all_of_it_is_sent(
    minerva, house, large, tmp_path
):
    lines = large.read_bytes().splitlines(keepends=True)
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"".join([lines[0], b"too,few\n", *lines[1:]]))
    started = time.monotonic()

    result = minerva("--workspace", house.workspace, "train", "churn", "--data", bad)

    assert result.exit_code == 2
    assert "row 1: has 2 cells" in result.output
    assert time.monotonic() - started < 60


def web_workers(house):
    """Return the web worker processes, which the web server has forked."""
    servers = descendants(house.process.pid, "serve")
    pids = {one.pid for one in servers}
    return [one for one in servers if one.ppid() in pids]
