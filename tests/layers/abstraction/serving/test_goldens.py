"""Goldens: what a version must be able to repeat."""

import sys

import msgspec
import numpy as np
import pytest

from minerva.errors import AlgorithmFailed, Conflict
from minerva.layers.abstraction.serving.goldens import (
    FILE,
    prove,
    write_goldens,
)
from minerva.schema import Decoder, Schema

SCHEMA = Schema.parse(
    {
        "key": "id",
        "inputs": {
            "x": {"type": "number", "nullable": True},
            "email": {"type": "text", "pii": True},
            "born": {"type": "timestamp", "pii": True, "nullable": True},
            "plan": {"type": "category", "values": ["tin", "gold"]},
            "unused": {"type": "integer", "minimum": 5, "use": False},
        },
        "output": {"y": {"type": "number"}},
    }
)
DECODER = Decoder(SCHEMA)


def records(count):
    """Return records of different people."""
    return [
        {
            "id": f"person-{n}",
            "x": float(n) if n else None,
            "email": f"p{n}@x.org",
            "born": "1980-01-01",
            "plan": "gold",
            "unused": 7,
        }
        for n in range(count)
    ]


class Times:
    """Answers x times a factor."""

    def __init__(self, factor=2.0, answer=None):
        self.factor, self.answer, self.asked = factor, answer, []

    def predict(self, batch):
        """Answer, or what was said."""
        self.asked.append(batch)
        if self.answer is not None:
            return self.answer(batch)
        return {"y": np.nan_to_num(batch["x"]) * self.factor}


@pytest.fixture
def folder(tmp_path):
    """A folder with the goldens of a model that doubles."""
    write_goldens(tmp_path, Times(), DECODER.records(records(100)))
    return tmp_path


def stored(folder):
    """Return what was kept."""
    return msgspec.json.decode((folder / FILE).read_bytes())


def test_sixteen_rows_are_kept_from_first_to_last(folder):
    kept = [record["x"] for record in stored(folder)["records"]]

    assert len(kept) == 16
    assert (kept[0], kept[-1]) == (None, 99.0)
    assert stored(folder)["outputs"]["y"][-1] == 198.0


@pytest.mark.parametrize("rows", [1, 2, 16])
def test_fewer_rows_are_all_kept(tmp_path, rows):
    assert write_goldens(tmp_path, Times(), DECODER.records(records(rows))) == rows
    assert len(stored(tmp_path)["records"]) == rows


def test_keys_and_personal_values_are_replaced_before_the_model_is_asked(tmp_path):
    model = Times()

    write_goldens(tmp_path, model, DECODER.records(records(3)))

    assert stored(tmp_path)["records"][1] == {
        "x": 1.0,
        "email": "text",
        "born": "2026-01-31T12:00:00Z",
        "plan": "gold",
        "unused": 6,
    }
    assert model.asked[0]["email"].tolist() == ["text"] * 3
    assert model.asked[0].keys == [None] * 3


def test_a_model_that_repeats_its_goldens_is_proved(folder):
    prove(folder, Times(2.0 * (1 + 1e-5)), DECODER)


def test_they_are_asked_together_and_alone(folder):
    model = Times()

    prove(folder, model, DECODER)

    assert [len(batch) for batch in model.asked] == [16, 1]


def two_at_once_or_fail(batch):
    if len(batch) == 1:
        raise ValueError("one is too few")
    return {"y": np.nan_to_num(batch["x"]) * 2}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Times(2.001), "does not repeat its goldens for output 'y'"),
        (Times(answer=lambda batch: {"y": np.zeros(3)}), "does not repeat its goldens"),
        (Times(answer=lambda batch: {"y": batch["x"] * np.nan}), "does not repeat its goldens"),
        (Times(answer=lambda batch: {"z": batch["x"]}), "gave no output 'y' for its goldens"),
        (Times(answer=lambda batch: {"y": ["a"] * len(batch)}), "failed on its goldens: "),
        (Times(answer=lambda batch: 5), "failed on its goldens: TypeError"),
        (Times(answer=lambda batch: sys.exit()), "failed on its goldens: SystemExit"),
        (Times(answer=lambda batch: 1 / 0), "failed on its goldens: ZeroDivisionError"),
        (Times(answer=two_at_once_or_fail), "failed on its goldens: ValueError"),
    ],
)
def test_a_model_that_differs_is_refused(folder, model, message):
    with pytest.raises(Conflict, match=message):
        prove(folder, model, DECODER)


@pytest.mark.parametrize(
    "content", [None, b"", b"[]", b'{"records": []}', b'{"records": [5], "outputs": {}}']
)
def test_goldens_that_cannot_be_read_prove_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_bytes(content)

    with pytest.raises(Conflict, match="no goldens that can be read"):
        prove(tmp_path, Times(), DECODER)


def test_goldens_that_another_schema_made_are_refused(folder):
    other = Schema.parse({"inputs": {"z": {"type": "number"}}, "output": {"y": {"type": "number"}}})

    with pytest.raises(Conflict, match="failed on its goldens: InvalidInput"):
        prove(folder, Times(), Decoder(other))


def test_a_model_that_breaks_its_contract_gets_no_goldens(tmp_path):
    with pytest.raises(AlgorithmFailed, match="NaN"):
        write_goldens(
            tmp_path, Times(answer=lambda b: {"y": b["x"] * np.nan}), DECODER.records(records(2))
        )
    assert not (tmp_path / FILE).exists()
