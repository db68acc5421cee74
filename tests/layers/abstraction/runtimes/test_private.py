"""Foreign code trains, inspects and loads in a process of its own, which ends with its model."""

import gc
import os
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from subprocess import PIPE

import numpy as np
import psutil
import pytest
from kept import CRASH, SCHEMA, Workspace, kill, lives, pid_of, rows
from tiny import silent
from waiting import wait_until

from minerva.algorithm import Explains, Imports, TrainingContext, TrainingData
from minerva.errors import AlgorithmFailed, InvalidConfiguration, InvalidData, Unavailable
from minerva.layers.abstraction.plugins.catalogue import discover
from minerva.layers.abstraction.plugins.parameters import read_parameters
from minerva.layers.abstraction.runtimes import private_host
from minerva.layers.abstraction.runtimes.environments import Environments
from minerva.layers.abstraction.runtimes.landlock import landlock_version
from minerva.layers.abstraction.runtimes.private import Surroundings, hosted_algorithm
from minerva.schema import Schema


@pytest.fixture
def workspace():
    """A workspace on a short path; nothing that was started for it stays."""
    before = set(psutil.Process().children())
    with tempfile.TemporaryDirectory() as folder:
        made = Workspace(Path(folder).resolve())
        yield made
        wait_until(
            lambda: not any(c.is_running() for c in set(psutil.Process().children()) - before)
        )
        assert list((made.state / "run").glob("p-*")) == []


def around(workspace, **parts) -> Surroundings:
    """Return surroundings with this interpreter."""
    given = {"python": lambda: Path(sys.executable), "log_file": workspace.state / "private.log"}
    return Surroundings(**given | {"state": workspace.state, "workspace": workspace.folder} | parts)


@pytest.fixture
def make(workspace, monkeypatch):
    """A function that returns the private form of an algorithm; crashes may take their time."""
    monkeypatch.setattr(private_host, "DYING_S", 60)
    made = []

    def hosted(name="kept", **parts):
        inner = discover(workspace.folder).find(name)
        made.append(hosted_algorithm(inner, around(workspace, **parts)))
        return made[-1]

    yield hosted
    for algorithm in made:
        algorithm.close()


def context(workspace, algorithm, progress=silent, **parameters) -> TrainingContext:
    """Return a context as a job makes it."""
    return TrainingContext(
        schema=Schema.parse(SCHEMA),
        parameters=read_parameters(algorithm, parameters),
        workspace=workspace.folder,
        progress=progress,
    )


DATA = TrainingData(rows(1, 2, 3), {"y": np.array([1.0, 2.0, 3.0])})


def test_it_looks_like_the_algorithm_it_stands_for(workspace, make):
    inner = discover(workspace.folder).find("kept")

    hosted = make()

    assert (hosted.name, hosted.needs_data) == ("kept", True)
    assert hosted.Parameters.__struct_fields__ == inner.Parameters.__struct_fields__
    assert not isinstance(hosted, Imports)
    assert isinstance(make("importing"), Imports)


def test_it_trains_elsewhere_and_tells_how_far_it_is(workspace, make):
    told = []
    algorithm = make()

    model = algorithm.train(
        DATA, context(workspace, algorithm, lambda *progress: told.append(progress))
    )

    assert told == [(0.5, "half")]
    assert pid_of(model) != os.getpid()
    assert not isinstance(model, Explains)


def test_a_model_that_explains_still_does(workspace, make):
    algorithm = make()

    model = algorithm.train(DATA, context(workspace, algorithm, load="explain"))

    assert model.explain(rows(5)).tolist() == [[5.0]]


@pytest.mark.parametrize("name", ["model", "elsewhere"])
def test_what_it_saved_is_loaded_elsewhere(workspace, make, name):
    algorithm = make()
    told = context(workspace, algorithm)
    trained = algorithm.train(DATA, told)
    folder = workspace.folder / name
    folder.mkdir()

    trained.save(folder)
    loaded = algorithm.load(folder, told)

    assert (folder / "model.txt").read_text() == str(pid_of(trained))
    assert pid_of(loaded) not in {pid_of(trained), os.getpid()}


def test_it_trains_from_the_source_that_was_imported_here(workspace, make):
    source = discover(workspace.folder).source_of("kept")
    algorithm = make(source=source)
    (workspace.folder / "plugins" / "kept.py").write_text("raise RuntimeError('edited since')")

    model = algorithm.train(DATA, context(workspace, algorithm))

    assert pid_of(model) != os.getpid()


def test_it_finds_the_files_that_lie_beside_its_plugin(workspace, make):
    (workspace.folder / "plugins" / "table.csv").write_text("1,2")
    algorithm = make(source=discover(workspace.folder).source_of("kept"))

    model = algorithm.train(DATA, context(workspace, algorithm, train="beside"))

    assert pid_of(model) != os.getpid()


def a_key(workspace) -> Path:
    """Return the workspace's key."""
    key = workspace.state / "signing.key"
    key.parent.mkdir(exist_ok=True)
    key.write_text("secret")
    return key


def test_no_secret_is_read_in_training(workspace, make):
    a_key(workspace)
    algorithm = make()

    forbidden = pytest.raises(AlgorithmFailed, match="PermissionError")
    with forbidden if landlock_version() else nullcontext():
        algorithm.train(DATA, context(workspace, algorithm, train="spy"))


def test_what_the_operator_allows_is_read(workspace, make):
    algorithm = make(reads=(str(a_key(workspace)),))

    model = algorithm.train(DATA, context(workspace, algorithm, train="spy"))

    assert pid_of(model) != os.getpid()


def test_its_process_ends_with_its_model(workspace, make):
    algorithm = make()
    model = algorithm.train(DATA, context(workspace, algorithm))
    pid = pid_of(model)

    del model
    gc.collect()

    assert not lives(pid)


def test_closing_ends_all_of_them(workspace, make):
    algorithm = make()
    models = [algorithm.train(DATA, context(workspace, algorithm)) for _ in range(2)]
    pids = [pid_of(model) for model in models]

    algorithm.close()

    assert not any(lives(pid) for pid in pids)
    with pytest.raises(AlgorithmFailed, match="SIGKILL"):
        pid_of(models[0])


def test_a_refusal_of_the_data_stays_one(workspace, make):
    algorithm = make()

    with pytest.raises(InvalidData, match="too few rows"):
        algorithm.train(DATA, context(workspace, algorithm, train="refuse"))


def test_what_it_raises_is_told_without_its_values(workspace, make):
    algorithm = make()

    with pytest.raises(AlgorithmFailed, match="ValueError") as caught:
        algorithm.train(DATA, context(workspace, algorithm, train="raise"))

    assert "jane" not in str(caught.value)
    assert "jane" in (workspace.state / "private.log").read_text()


@pytest.mark.parametrize(("how", "told"), [("crash", "SIGSEGV"), ("exit", "exit code 9")])
def test_a_crash_while_it_trains_is_named(workspace, make, how, told):
    algorithm = make()

    with pytest.raises(AlgorithmFailed, match=f"kept .*{told} while it trained"):
        algorithm.train(DATA, context(workspace, algorithm, train=how))


def test_a_crash_under_a_call_is_named_from_the_next_one_on(workspace, make):
    algorithm = make()
    model = algorithm.train(DATA, context(workspace, algorithm))

    with pytest.raises(AlgorithmFailed):
        model.predict(rows(CRASH))

    wait_until(lambda: raised(AlgorithmFailed, "SIGSEGV", model))


def raised(kind, words, model) -> bool:
    """Whether asking the model fails so."""
    try:
        pid_of(model)
    except kind as error:
        return words in error.message
    except Unavailable:
        return False
    return False


def test_a_model_that_cannot_be_loaded_leaves_nothing(workspace, make):
    algorithm = make()

    with pytest.raises(AlgorithmFailed, match="ValueError"):
        algorithm.load(
            workspace.folder / "version" / "model", context(workspace, algorithm, load="raise")
        )

    assert list((workspace.state / "run").glob("p-*")) == []


def test_it_looks_into_a_file_elsewhere(workspace, make):
    algorithm = make("importing")
    file = workspace.folder / "a.kept"
    file.write_text("seen")

    inspected = algorithm.inspect(file, None)

    assert algorithm.recognises(file)
    assert not algorithm.recognises(workspace.folder / "minerva.toml")
    assert inspected.notes[0] == "seen"
    assert not lives(int(inspected.notes[1]))


def test_a_file_that_crashes_the_reader_is_told(workspace, make):
    file = workspace.folder / "a.kept"
    file.write_text("crash")

    with pytest.raises(AlgorithmFailed, match="SIGSEGV while it read a file"):
        make("importing").inspect(file, None)


def test_parameters_that_cannot_travel_are_told(workspace, make):
    algorithm = make()
    strange = TrainingContext(
        schema=Schema.parse(SCHEMA), parameters=object(), workspace=workspace.folder
    )

    with pytest.raises(InvalidConfiguration, match="plain types"):
        algorithm.train(DATA, strange)


def test_an_interpreter_that_is_not_there_is_told(workspace, make):
    algorithm = make(python=lambda: workspace.folder / "no python")

    with pytest.raises(Unavailable, match="cannot be started"):
        algorithm.train(DATA, context(workspace, algorithm))


def test_it_trains_in_its_environment(workspace, make):
    environments = Environments(workspace.state / "environments")
    algorithm = make(python=lambda: environments.python("iniconfig==2.0.0\n"))

    model = algorithm.train(DATA, context(workspace, algorithm))

    command = psutil.Process(pid_of(model)).cmdline()
    assert Path(command[0]).is_relative_to(environments.folder)


PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from kept import Workspace, pid_of
from minerva.layers.abstraction.plugins.catalogue import discover
from minerva.layers.abstraction.runtimes.private import Surroundings, hosted_algorithm
from minerva.algorithm import Context
from minerva.schema import Schema
from kept import SCHEMA
folder = Path(sys.argv[1])
inner = discover(folder).find("kept")
around = Surroundings(python=lambda: Path(sys.executable), state=folder / ".minerva",
    workspace=folder, log_file=folder / "log")
context = Context(schema=Schema.parse(SCHEMA), parameters=inner.Parameters(), workspace=folder)
model = hosted_algorithm(inner, around).load(folder / "version" / "model", context)
print("pid", pid_of(model), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("ending", ["by itself", "killed"])
def test_its_process_ends_with_its_parent(workspace, make, ending):
    support = str(Path(__file__).parents[1] / "support")
    command = [sys.executable, "-c", PARENT, str(workspace.folder), support]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as parent:
        line = next(line for line in parent.stdout if line.startswith("pid "))
        pid = int(line.split()[1])
        if ending == "killed":
            kill(parent.pid)

    wait_until(lambda: not lives(pid))
    algorithm = make()  # whoever comes next removes what a killed one left
    pid_of(algorithm.load(workspace.folder / "version" / "model", context(workspace, algorithm)))
    algorithm.close()
    assert list((workspace.state / "run").glob("p-*")) == []
