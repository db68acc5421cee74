"""`command` trains, keeps, loads and asks a program that speaks the runner protocol."""

import json
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest

from minerva import AlgorithmFailed, Context, InvalidData
from minerva.algorithm import Explains
from minerva.errors import TooLarge
from minerva.layers.application.command import Command

from .conftest import INPUTS

EVERY_OUTPUT = {
    "churn": {"type": "category", "values": ["No", "Yes"]},
    "risky": {"type": "boolean"},
    "months": {"type": "integer"},
    "y": {"type": "number"},
}


def facts(model, tmp_path):
    """What the runner was told when it was trained."""
    folder = tmp_path / "kept"
    folder.mkdir()
    model.save(folder)
    return json.loads((folder / "saved" / "facts.json").read_text())


def test_a_runner_is_told_everything_that_it_learns_from(stub, tmp_path):
    runner = stub(output=EVERY_OUTPUT, options={"depth": 3})

    told = facts(runner.train(), tmp_path)

    assert told["parameters"] == {"depth": 3}
    assert (told["seed"], told["threads"], told["rows"]) == (5, 1, 3)
    assert [field["name"] for field in told["schema"]["inputs"]] == ["x", "kind"]
    assert told["schema"]["output"][0] == {
        "name": "churn",
        "type": "category",
        "values": ["No", "Yes"],
    }
    truth = {"churn": "No", "risky": True, "months": 1, "y": 1.0}
    assert told["lines"] == [
        {"inputs": {"x": 1.5, "kind": "a"}, "output": truth},
        {"inputs": {"x": None, "kind": "b"}, "output": truth},
        {"inputs": {"x": 3.0, "kind": None}, "output": truth},
    ]


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_every_kind_of_output_is_answered(stub, rows):
    runner = stub(output=EVERY_OUTPUT)
    model = runner.train()

    outputs = model.predict(runner.batch([{"x": 2.0}] * rows))

    assert outputs["churn"].shape == (rows, 2)
    assert outputs["churn"].tolist() == [[0.25, 0.75]] * rows
    assert outputs["risky"].tolist() == [0.5] * rows
    assert outputs["months"].tolist() == outputs["y"].tolist() == [2.0] * rows


def test_progress_is_reported(stub):
    runner = stub()

    runner.train()

    assert runner.bench.progress == [(0.5, "half way")]


def test_a_runner_that_can_explain_does(stub):
    runner = stub()
    model = runner.train()

    assert isinstance(model, Explains)
    assert model.explain(runner.batch()).tolist() == [[1.0, 1.0]] * 3


def test_a_runner_that_cannot_explain_is_not_asked_to(stub):
    runner = stub(environment={"CAPABILITIES": "train predict"})
    model = runner.train()

    assert not isinstance(model, Explains)
    assert model.predict(runner.batch())["y"].tolist() == [1.5, 0.0, 3.0]
    model.close()
    assert runner.left() == []


def test_a_wrong_explanation_is_refused(stub):
    runner = stub()
    model = runner.train()
    runner.behave('explain:{"id": #, "result": {"contributions": {"x": [1, 2, 3]}}}')

    with pytest.raises(AlgorithmFailed, match="for other names than 'x', 'kind'"):
        model.explain(runner.batch())


def test_a_runner_that_cannot_train_is_a_finished_model(stub, tmp_path):
    runner = stub(environment={"CAPABILITIES": "predict"})
    model = runner.train()

    again = runner.bench.reload(model, tmp_path / "kept")

    assert not (tmp_path / "kept" / "saved" / "facts.json").exists()
    assert again.predict(runner.batch())["y"].tolist() == [1.5, 0.0, 3.0]


def test_a_store_that_keeps_no_empty_folders_loses_nothing(stub, tmp_path):
    runner = stub(environment={"CAPABILITIES": "predict"})
    kept = tmp_path / "kept"
    kept.mkdir()
    runner.train().save(kept)
    (kept / "saved").rmdir()

    context = runner.bench.context()
    again = Command().load(kept, Context(context.schema, context.parameters, context.workspace))

    assert again.predict(runner.batch())["y"].tolist() == [1.5, 0.0, 3.0]


def test_a_fresh_process_answers_the_same(stub, tmp_path):
    runner = stub()
    kept = tmp_path / "kept"
    kept.mkdir()
    runner.train().save(kept)
    (tmp_path / "runner.py").unlink()  # the version carries its program

    records = [{"x": 2.0, "kind": "a", "note": None}]
    told = runner.bench.ask_fresh_process(kept, records, explain=True)

    assert told["answer"] == {"y": [2.0]}
    assert told["why"] == [[1.0, 1.0]]
    assert told["heavy"] == []


def test_data_that_cannot_be_learnt_from_is_refused_in_the_runners_words(stub):
    runner = stub()
    runner.behave("train:invalid_data")

    with pytest.raises(InvalidData, match="cannot learn: too few records"):
        runner.train()

    assert runner.left() == []


def test_a_batch_too_long_for_the_runner_is_asked_in_halves(stub):
    runner = stub(environment={"MAX_LINE": "4096"})
    model = runner.train()

    outputs = model.predict(runner.batch([{"x": float(x)} for x in range(3000)]))

    assert outputs["y"].tolist() == [float(x) for x in range(3000)]


def test_one_record_too_long_for_the_runner_is_too_large_and_harms_nothing(stub):
    inputs = {**INPUTS, "note": {"type": "text", "nullable": True}}
    runner = stub(inputs=inputs, environment={"MAX_LINE": "4096"})
    model = runner.train()
    alive = runner.left()

    with pytest.raises(TooLarge, match="it reads 4096"):
        model.predict(runner.batch([{"note": "x" * 5000}]))

    assert runner.left() == alive
    assert model.predict(runner.batch())["y"].tolist() == [1.5, 0.0, 3.0]


def test_a_folder_that_is_no_command_model_is_refused(stub, tmp_path):
    context = stub().bench.context()

    with pytest.raises(AlgorithmFailed, match=r"no runner\.json"):
        Command().load(tmp_path, context)


def test_what_is_kept_is_the_same_for_equal_trainings(stub, tmp_path):
    runner = stub()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        runner.train().save(tmp_path / name)

    kept = [(tmp_path / name / "runner.json").read_bytes() for name in ("one", "two")]
    assert kept[0] == kept[1]
    assert json.loads(kept[0])["name"] == "stub"


def test_a_loaded_version_is_not_written_to(stub, tmp_path):
    runner = stub()
    model = runner.train()
    kept = tmp_path / "kept"
    again = runner.bench.reload(model, kept)
    before = sorted(path.relative_to(kept) for path in kept.rglob("*"))

    again.predict(runner.batch())

    assert sorted(path.relative_to(kept) for path in kept.rglob("*")) == before


def test_the_model_has_its_own_home(stub, tmp_path):
    runner = stub()
    model = runner.train()
    temporary = tmp_path / "temporary"
    environment = Path(f"/proc/{runner.left()[0]}/environ").read_text().split("\0")
    homes = [text.partition("=")[2] for text in environment if text.startswith("HOME=")]

    assert [Path(home).parent for home in homes] == [temporary]
    model.close()
    assert not Path(homes[0]).exists()
    assert np.isfinite(model.predict(runner.batch())["y"]).all()


def test_a_version_that_cannot_be_loaded_leaves_nothing_behind(stub, tmp_path):
    runner = stub()
    kept = tmp_path / "kept"
    runner.bench.reload(runner.train(), kept).close()
    runner.behave("load:refuse")
    before = runner.scratch()

    with pytest.raises(AlgorithmFailed, match="could not load"):
        Command().load(kept, runner.bench.context())

    assert runner.scratch() <= before
    assert runner.left() == []


def test_a_service_may_carry_nothing_and_run_in_the_workspace(stub, tmp_path):
    runner = stub(files=[])
    kept = tmp_path / "kept"

    again = runner.bench.reload(runner.train(), kept)

    assert not (kept / "files").exists()
    assert again.predict(runner.batch())["y"].tolist() == [1.5, 0.0, 3.0]


def test_the_algorithm_is_found_like_any_plugin():
    (entry,) = entry_points(group="minerva", name="command")

    assert [one.name for one in entry.load().minerva_algorithms()] == ["command"]
