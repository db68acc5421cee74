"""Training one version: what comes out, and what is said when it cannot."""

import json
from dataclasses import replace

import pytest
from tiny import EMAIL, ROWS, SCHEMA, declaration_of, silent, write_data

from minerva.errors import AlgorithmFailed, InvalidConfiguration, InvalidData
from minerva.layers.abstraction.registry.manifest import verify


@pytest.fixture
def train(container, tmp_path):
    """Train a declaration into a folder of its own."""
    folders = (tmp_path / f"version-{n}" for n in range(100))

    def trained(*arguments, progress=silent, clock=None, **parts):
        declaration = declaration_of(*arguments, **parts)
        versioning = container.versioning
        trainer = replace(versioning.trainer, threads=2, **({"clock": clock} if clock else {}))
        folder = next(folders)
        folder.mkdir()
        source = None if declaration.data is None else versioning.open_source(declaration.data)
        prepared = versioning.prepare(declaration)
        return trainer.train(declaration, prepared, source, folder, progress)

    return trained


def test_a_version_is_a_sealed_folder_with_model_goldens_and_facts(train, container):
    trained = train(training={"holdout": 0.25, "seed": 3})

    signer = container.versioning.trainer.signer
    assert verify(trained.folder, trained.digest, signer) == trained.manifest
    facts = trained.manifest
    assert (facts["service"], facts["algorithm"], facts["parameters"]) == ("value", "linear", {})
    assert facts["data"]["rows"] == ROWS
    assert facts["data"]["trained_rows"] == 30
    assert facts["data"]["held_out_rows"] == len(trained.held_out) == 10
    assert facts["data"]["seed"] == 3
    assert facts["goldens"] == 10
    assert {"python", "numpy", "minerva-sidecar"} <= set(facts["libraries"])
    assert set(facts["files"]) == {
        "goldens.json", "model/line.json", "plugin/linear.py", "profile.json",
    }  # fmt: skip
    assert (facts["runtime"], facts["thread_safe"], facts["network"]) == ("inline", True, False)
    assert facts["plugin"]["plugin"] == "plugins/linear.py"
    assert trained.metrics == facts["metrics"]
    assert trained.metrics["rmse"] == pytest.approx(0)


def test_the_same_data_and_seed_give_the_same_version(train):
    assert train().digest == train().digest


@pytest.mark.parametrize(
    "parts",
    [
        {"training": {"seed": 1}},
        {"training": {"holdout": 0.5}},
        {"parameters": {"shift": 1.0}},
        {"name": "other"},
        {"algorithm": "mean"},
    ],
)
def test_another_declaration_gives_another_version(train, parts):
    assert train(**parts).digest != train().digest


def test_other_data_give_another_version(train, workspace):
    before = train(algorithm="mean")
    write_data(workspace, factor=3.0)

    assert train(algorithm="mean").digest != before.digest


def test_words_about_the_service_do_not_change_its_versions(train):
    gate = {"metric": "rmse", "at_most": 1}

    assert train(description="Words.", training={"gate": gate}).digest == train().digest


def test_the_time_that_counts_is_the_algorithms_own(train):
    ticks = iter([10.0, 12.5])

    assert train(clock=lambda: next(ticks)).seconds == 2.5


def test_progress_goes_forward_and_the_algorithm_has_its_part(train):
    told = []

    train(progress=lambda fraction, message="": told.append((round(float(fraction), 3), message)))

    assert [fraction for fraction, _ in told] == [0.0, 0.15, 0.525, 0.9, 0.9]
    assert told[0][1] == "reading the data"
    assert told[1][1] == "training on 30 rows"
    assert told[-1][1] == "evaluating on 10 held-out rows"


def test_predictions_without_any_error_are_suspicious(train):
    assert "leak" in train().warnings[0]
    assert train(algorithm="mean").warnings == []


def test_a_category_is_evaluated_by_its_chances(train):
    schema = {**SCHEMA, "output": {"plan": {"type": "category", "values": ["tin", "gold"]}}}

    trained = train("plan", "mean", schema=schema)

    assert set(trained.metrics) >= {"roc_auc", "log_loss", "accuracy"}
    assert trained.metrics["roc_auc"] == 0.5


def test_metrics_that_cannot_be_computed_are_left_out(train, workspace):
    rows = [f"c-{n},{n},,{1.0 if n else 2.0},tin" for n in range(30)]
    (workspace / "data.csv").write_text("\n".join(["id,x,email,y,plan", *rows]) + "\n")

    assert set(train(training={"holdout": 0.1}).metrics) == {"rmse", "mae"}


def test_no_personal_value_is_in_any_file_of_a_version(train):
    schema = {
        **SCHEMA,
        "inputs": {
            "x": {"type": "integer", "minimum": 0},
            "email": {"type": "text", "pii": True},
        },
    }
    trained = train("personal", "misbehaving", schema=schema)
    goldens = json.loads((trained.folder / "goldens.json").read_text())

    kept = b"".join(file.read_bytes() for file in trained.folder.rglob("*") if file.is_file())

    assert goldens["records"][0]["email"] == "text"
    assert len({record["x"] for record in goldens["records"]}) > 1
    for row in range(ROWS):
        assert EMAIL.format(row).encode() not in kept
        assert f"c-{row}".encode() not in kept


def test_an_algorithm_without_data_is_proved_by_an_example(train):
    trained = train("flat", "fixed", parameters={"shift": 3.0}, data=None)

    assert trained.metrics == {}
    assert trained.manifest["data"]["rows"] == 0
    goldens = json.loads((trained.folder / "goldens.json").read_text())
    assert goldens == {"records": [{"x": 1, "email": "text"}], "outputs": {"y": [3.0]}}


@pytest.mark.parametrize(
    ("ways", "message"),
    [
        ({"train": "raise"}, "failed in training (ValueError); the job's log says where."),
        ({"train": "exit"}, "failed in training (SystemExit); the job's log says where."),
        ({"predict": "raise"}, "failed in predicting the held-out rows (ValueError); the"),
        ({"predict": "exit"}, "failed in predicting the held-out rows (SystemExit); the"),
        ({"predict": "none"}, "failed in predicting the held-out rows (TypeError); the"),
        ({"save": "raise"}, "failed in saving its model (ValueError); the job's log says where."),
        ({"save": "exit"}, "failed in saving its model (SystemExit); the job's log says where."),
    ],
)
def test_an_algorithm_that_fails_is_named_but_never_a_value(train, ways, message):
    with pytest.raises(AlgorithmFailed) as caught:
        train("bad", "misbehaving", parameters=ways)

    assert caught.value.message.startswith(f"Algorithm misbehaving {message}")
    assert "jane" not in str(caught.value)


@pytest.mark.parametrize(
    ("predict", "message"),
    [
        ("nan", "Output 'y' holds NaN or infinity."),
        ("long", r"Output 'y' has shape \(11,\) for 10 records."),
        ("wide", r"Output 'y' has shape \(10, 2\), not \(10,\)."),
        ("text", "Output 'y' holds <U3, not numbers."),
        ("other", "The model gave no output 'y'."),
    ],
)
def test_a_model_that_breaks_its_contract_becomes_no_version(train, predict, message):
    with pytest.raises(AlgorithmFailed, match=message):
        train("bad", "misbehaving", parameters={"predict": predict})


def test_a_full_disk_is_not_the_algorithms_fault(train):
    with pytest.raises(OSError, match="No space left"):
        train("bad", "misbehaving", parameters={"save": "no disk"})


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ({"data": None}, InvalidConfiguration, "declares no data, but algorithm linear learns"),
        ({"parameters": {"shift": "x"}}, InvalidConfiguration, "do not fit algorithm linear"),
        (
            {"training": {"gate": {"metric": "roc_auc"}}},
            InvalidConfiguration,
            "no metric 'roc_auc' for regression",
        ),
        ({"data": {"source": "csv", "path": "gone.csv"}}, InvalidData, "gone.csv cannot be read"),
    ],
)
def test_what_cannot_be_trained_is_refused_before(train, parts, error, message):
    with pytest.raises(error, match=message):
        train(**parts)
