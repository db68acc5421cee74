"""`minerva migrate`, and processes that do not migrate by themselves."""

import json
import os
import subprocess
import sys
import threading

import pytest
from waiting import wait_until

from minerva.adapters.metadata.migrations import HEAD
from minerva.bootstrap import open_control
from minerva.settings import load


@pytest.fixture
def elsewhere(monkeypatch, tmp_path):
    """A workspace whose state is kept in another folder; all processes of the test know that."""
    workspace, state = tmp_path / "workspace", tmp_path / "state"
    (workspace / "services").mkdir(parents=True)
    (workspace / "minerva.toml").write_text("")
    monkeypatch.chdir(workspace)
    monkeypatch.setenv("MINERVA_STATE_FOLDER", str(state))
    return workspace, state


def run(*arguments, **environment):
    """Run the program as a process."""
    return subprocess.run(
        [sys.executable, "-m", "minerva.cli", *arguments],
        env=os.environ | environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def test_migrates_and_makes_the_keys_in_the_state_folder(minerva, elsewhere):
    workspace, state = elsewhere

    result = minerva("migrate")

    assert result.exit_code == 0, result.output
    assert result.stdout == (
        f"The database sqlite:///{state}/minerva.db was brought to revision {HEAD}.\n"
        f"The admin key was made and is in {state}/admin.key.\n"
    )
    assert {"admin.key", "signing.key", "webhook.key"} <= {one.name for one in state.iterdir()}
    assert {one.name for one in workspace.iterdir()} == {"services", "minerva.toml"}


def test_once_more_changes_nothing(minerva, elsewhere):
    minerva("migrate")
    before = {one.name: one.read_bytes() for one in elsewhere[1].glob("*.key")}

    told = json.loads(minerva("migrate", "--json").stdout)

    assert (told["before"], told["after"], told["first_key"]) == (HEAD, HEAD, "known")
    assert {one.name: one.read_bytes() for one in elsewhere[1].glob("*.key")} == before


def test_a_key_that_is_mounted_becomes_known(minerva, elsewhere, tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.write_text(minerva("keys", "mint").stdout)
    secret.chmod(0o440)
    monkeypatch.setenv("MINERVA_ADMIN_KEY_FILE", str(secret))

    result = minerva("migrate")

    assert f"The admin key of {secret} is known now." in result.stdout
    with open_control(load(elsewhere[0], os.environ)) as container:
        key = secret.read_text().strip()
        assert container.keyring.authenticate(f"Bearer {key}", None).scopes == {"admin"}
    assert not (elsewhere[1] / "admin.key").exists()


def test_several_at_once_bring_one_database_and_one_set_of_keys(elsewhere):
    ended = []

    def migrate():
        ended.append(run("migrate", "--json"))

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [one.returncode for one in ended] == [0] * 4, [one.stderr for one in ended]
    told = [json.loads(one.stdout) for one in ended]
    assert sum(one["before"] is None for one in told) == 1
    assert len(list(elsewhere[1].glob("*.key"))) == 3
    assert sum(one["first_key"] in {"made", "registered"} for one in told) == 1


@pytest.mark.parametrize("command", ["serve", "worker", "beat"])
def test_a_process_that_may_not_migrate_says_who_does(elsewhere, command, free_port):
    ended = run(command, MINERVA_MIGRATE="no", MINERVA_PORT=str(free_port()))

    assert ended.returncode == 1
    assert ended.stderr == (
        f"The database sqlite:///{elsewhere[1]}/minerva.db is empty, and this Minerva needs {HEAD}: "
        "run `minerva migrate` first (MINERVA_MIGRATE is no).\n"
    )


@pytest.mark.parametrize(
    ("command", "name"), [("serve", "signing"), ("worker", "webhook"), ("beat", "signing")]
)
def test_a_process_makes_no_key_of_its_own_where_all_need_the_same(
    elsewhere, tmp_path, command, name, free_port
):
    assert run("migrate").returncode == 0
    absent = tmp_path / "secrets" / "absent.key"
    named = {f"MINERVA_{name.upper()}_KEY": str(absent), "MINERVA_PORT": str(free_port())}

    ended = run(command, MINERVA_MIGRATE="no", **named)

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"The {name} key {absent} is not there: mount it")
    assert ended.stderr.count("\n") == 1
    assert not absent.exists()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("signing", "", "damaged"),
        ("signing", "rubbish", "damaged"),
        ("webhook", "", "damaged"),
        ("webhook", "c2hvcnQ=", "damaged"),
        ("admin", "", "is empty"),
        ("admin", "mk_1", "is no key"),
    ],
)
def test_a_key_file_that_holds_none_is_named_and_left_as_it_is(
    minerva, elsewhere, tmp_path, monkeypatch, name, content, says
):
    secret = tmp_path / "secret"
    secret.write_text(content)
    secret.chmod(0o600)
    variable = "MINERVA_ADMIN_KEY_FILE" if name == "admin" else f"MINERVA_{name.upper()}_KEY"
    monkeypatch.setenv(variable, str(secret))

    result = minerva("migrate")

    assert result.exit_code == 2
    assert str(secret) in result.stderr
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert secret.read_text() == content


@pytest.mark.parametrize("name", ["MINERVA_SIGNING_KEY", "MINERVA_WEBHOOK_KEY"])
def test_a_key_file_that_others_can_read_is_refused(
    minerva, elsewhere, tmp_path, monkeypatch, name
):
    minerva("migrate")
    secret = tmp_path / "secret"
    secret.write_bytes((elsewhere[1] / "signing.key").read_bytes())
    secret.chmod(0o644)
    monkeypatch.setenv(name, str(secret))

    result = minerva("migrate")

    assert result.exit_code == 2
    assert f"chmod 600 {secret}" in result.stderr


def test_a_key_file_that_cannot_be_read_is_named(minerva, elsewhere, tmp_path, monkeypatch):
    (tmp_path / "secret").mkdir()
    monkeypatch.setenv("MINERVA_ADMIN_KEY_FILE", str(tmp_path / "secret"))

    result = minerva("migrate")

    assert result.exit_code == 2
    assert f"The admin key {tmp_path / 'secret'}" in result.stderr


def test_migrate_migrates_where_others_may_not(minerva, elsewhere, monkeypatch):
    monkeypatch.setenv("MINERVA_MIGRATE", "no")

    assert minerva("migrate").exit_code == 0
    assert minerva("keys").exit_code == 0


def test_waits_for_a_database_that_is_not_there_yet(elsewhere, free_port):
    port = free_port()
    url = f"postgresql://minerva:geheim@127.0.0.1:{port}/minerva"

    ended = run("migrate", "--wait", "2", MINERVA_DATABASE_URL=url)

    assert ended.returncode == 1
    waiting, given_up = ended.stderr.splitlines()
    assert waiting.endswith("Waiting for it, 2 s at most.")
    assert f"postgresql://minerva:***@127.0.0.1:{port}/minerva cannot be reached" in given_up
    assert "geheim" not in ended.stderr + ended.stdout


PLUGIN = """
import json
import numpy as np
from minerva import Algorithm, hookimpl

class MeanModel:
    def __init__(self, output, mean):
        self.output, self.mean = output, mean
    def predict(self, batch):
        return {self.output: np.full(len(batch), self.mean)}
    def save(self, folder):
        (folder / "mean.json").write_text(json.dumps([self.output, self.mean]))

class Mean(Algorithm):
    name = "mean"
    def train(self, data, context):
        return MeanModel(context.schema.target()[0], float(data.target().mean()))
    def load(self, folder, context):
        return MeanModel(*json.loads((folder / "mean.json").read_text()))

@hookimpl
def minerva_algorithms():
    return [Mean()]
"""
SERVICE = """
service: mean
algorithm: mean
schema: {inputs: {x: {type: number}}, output: {y: {type: number}}}
data: {source: csv, path: data.csv}
training: {below_baseline: promote}
"""


@pytest.fixture
def running(elsewhere, free_port, monkeypatch):
    """Serve, worker and beat beside each other, over a migrated state folder."""
    workspace = elsewhere[0]
    (workspace / "plugins").mkdir()
    (workspace / "plugins" / "mean.py").write_text(PLUGIN)
    (workspace / "services" / "mean.yaml").write_text(SERVICE)
    (workspace / "data.csv").write_text("x,y\n" + "".join(f"{n},{n % 7}\n" for n in range(200)))
    monkeypatch.setenv("MINERVA_PORT", str(free_port()))
    monkeypatch.setenv("MINERVA_MIGRATE", "no")
    assert run("migrate").returncode == 0
    before = contents(workspace)
    started = [
        subprocess.Popen([sys.executable, "-m", "minerva.cli", command])
        for command in ("serve", "worker", "beat")
    ]
    yield before
    for process in started:
        process.terminate()
    for process in started:
        process.wait(60)


def test_nothing_is_written_into_the_workspace_while_all_of_it_works(elsewhere, running):
    workspace, state = elsewhere
    for process in ("serve", "worker", "beat"):
        told = run("health", process, "--wait", "240")
        assert told.returncode == 0, told.stderr

    trained = run("train", "mean")
    assert trained.returncode == 0, trained.stderr
    wait_until(lambda: run("predict", "mean", "--set", "x=1").returncode == 0, 240)
    for command in ("logs", "doctor", "services", "plugins", "jobs", "settings"):
        told = run(command)
        assert "failed" not in told.stderr, told.stderr

    assert contents(workspace) == running
    assert (state / "logs" / "web.jsonl").exists()


def contents(folder):
    """Every file and folder with what it holds; compiled Python apart."""
    return {
        str(path): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if "__pycache__" not in path.parts
    }
