"""`torch.model`: what PyTorch answers; a program that would run code of its own is refused."""

import io
import json
import os
import pickle
import warnings
import zipfile

import numpy as np
import pytest
import torch

from minerva import InvalidConfiguration, InvalidData
from minerva.layers.application.models.torch_model import Torch

from .tables import ABC, BOOLEAN, FRAME, NUMBER, NUMBERS, NUMERIC, YES_NO, records

ROWS = records(FRAME[["size", "count"]])
TABLE = torch.from_numpy(NUMBERS.astype(np.float32))


class Net(torch.nn.Module):
    """Missing values count as nothing; the end is what each test wants."""

    def __init__(self, width, end):
        super().__init__()
        torch.manual_seed(0)
        self.hidden, self.out, self.end = torch.nn.Linear(2, 8), torch.nn.Linear(8, width), end

    def forward(self, rows):
        return self.end(self.out(torch.relu(self.hidden(torch.nan_to_num(rows)))))


def net(width=2, end=None):
    return Net(width, end or torch.nn.Softmax(1)).eval()


def exported(module, rows=2, dtype=torch.float32, *, dynamic=True):
    shapes = ({0: torch.export.Dim("records")},) if dynamic else None
    return torch.export.export(module, (torch.zeros(rows, 2, dtype=dtype),), dynamic_shapes=shapes)


def told(module, rows=TABLE):
    with torch.inference_mode():
        return module(rows).numpy()


@pytest.fixture
def bring(brought, tmp_path):
    def make(program, output, inputs=NUMERIC, **parameters):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.export.save(program, tmp_path / "model.pt2")
        return brought(Torch(), "model.pt2", output, inputs, **parameters)

    return make


@pytest.fixture
def script(brought, tmp_path):
    def make(module, output):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.jit.save(torch.jit.trace(module, torch.zeros(2, 2)), tmp_path / "model.pt")
        return brought(Torch(), "model.pt", output, NUMERIC)

    return make


def test_classes_answer_as_the_module_does(bring):
    module = net(3)

    answer = bring(exported(module), ABC).answer(ROWS)

    assert answer == pytest.approx(told(module), abs=1e-6)


def test_torchscript_answers_as_the_module_does(script):
    module = net(3)

    assert script(module, ABC).answer(ROWS) == pytest.approx(told(module), abs=1e-6)


def test_a_number_answers_as_the_module_does(bring):
    module = net(1, torch.nn.Identity())

    assert bring(exported(module), NUMBER).answer(ROWS) == pytest.approx(
        told(module)[:, 0], abs=1e-6
    )


@pytest.mark.parametrize("end", [torch.nn.Flatten(0), torch.nn.Identity()])
def test_one_logit_becomes_a_chance(bring, end):
    module = net(1, end)
    chance = 1 / (1 + np.exp(-told(module).reshape(-1)))

    program = exported(module)

    assert bring(program, BOOLEAN, scores="logit").answer(ROWS) == pytest.approx(chance, abs=1e-6)
    both = bring(program, YES_NO, scores="logit").answer(ROWS)
    assert both == pytest.approx(np.stack([1 - chance, chance], axis=1), abs=1e-6)


def test_missing_values_arrive_as_nan(bring):
    module = net(2)
    inputs = {"size": {"type": "number", "nullable": True}, "count": {"type": "number"}}

    answer = bring(exported(module), YES_NO, inputs).answer([{"size": None, "count": 2.0}])

    assert answer == pytest.approx(told(module, torch.tensor([[float("nan"), 2.0]])), abs=1e-6)


def test_a_program_of_doubles_is_given_doubles(bring):
    module = net(1, torch.nn.Identity()).double()

    answer = bring(exported(module, dtype=torch.float64), NUMBER).answer(ROWS)

    assert answer == pytest.approx(told(module, torch.from_numpy(NUMBERS.copy()))[:, 0], abs=1e-12)


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_a_program_that_takes_one_record_at_a_time_is_asked_so(bring, rows):
    module = net(3)

    answer = bring(exported(module, 1, dynamic=False), ABC).answer(ROWS[:rows])

    assert answer.shape == (rows, 3)
    assert answer == pytest.approx(told(module)[:rows], abs=1e-6)


def test_another_fixed_number_of_records_is_refused(bring):
    with pytest.raises(InvalidData, match="exactly 4 records at once"):
        bring(exported(net(), 4, dynamic=False), YES_NO).train()


def test_the_file_tells_widths_and_whether_it_gives_probabilities(bring, script):
    shares = bring(exported(net(3)), ABC).inspect()
    raw = bring(exported(net(3, torch.nn.Identity())), ABC).inspect()

    assert list(shares.inputs) == ["feature_0", "feature_1"]
    assert shares.output == {"type": "category", "values": [0, 1, 2]}
    assert (shares.parameters, raw.parameters) == ({}, {"scores": "logit"})
    assert list(script(net(3), ABC).inspect().inputs) == ["feature_0", "feature_1"]


def test_a_width_that_differs_is_refused(bring):
    with pytest.raises(InvalidConfiguration, match="does not fit") as caught:
        bring(exported(net()), YES_NO, {"size": {"type": "number"}}).train()

    assert "1 used inputs, but the model takes 2" in str(caught.value)


def test_classes_that_differ_are_refused(bring):
    with pytest.raises(InvalidConfiguration, match="does not fit the schema's output"):
        bring(exported(net(2)), ABC).train()


def test_weights_alone_are_no_model(brought, tmp_path):
    torch.save(net().state_dict(), tmp_path / "model.pt")

    with pytest.raises(InvalidData, match=r"no program.*torch.export.save"):
        brought(Torch(), "model.pt", YES_NO, NUMERIC).train()


def test_a_file_cut_off_anywhere_is_refused(bring, brought, tmp_path):
    bring(exported(net()), YES_NO)
    raw = (tmp_path / "model.pt2").read_bytes()

    for length in (0, 3, 500, len(raw) // 2, len(raw) - 30, len(raw) - 1):
        (tmp_path / "cut.pt2").write_bytes(raw[:length])
        with pytest.raises(InvalidData, match="truncated"):
            brought(Torch(), "cut.pt2", YES_NO, NUMERIC).train()


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return (os.mkdir, ("exploded",))


def bomb():
    raw = io.BytesIO()
    torch.save((Bomb(),), raw)
    return raw.getvalue()


def in_program(**members):
    """Change members of the program's first node."""

    def change(raw):
        program = json.loads(raw)
        node = program["graph_module"]["graph"]["nodes"][0]
        node.update(members)
        return json.dumps(program).encode()

    return change


def with_guard(raw):
    program = json.loads(raw)
    program["guards_code"] = ["__import__('os').mkdir('exploded')"]
    return json.dumps(program).encode()


def with_size(raw):
    return raw.replace(b"Symbol('", b"exec('", 1)


@pytest.mark.parametrize(("part", "change"), [
    ("sample_inputs/model.pt", lambda _: bomb()),
    ("sample_inputs/model.pt", lambda _: pickle.dumps(Bomb())),
    ("models/model.json", in_program(target="torch.os.mkdir")),
    ("models/model.json", in_program(target="_operator.methodcaller")),
    ("models/model.json", with_guard),
    ("models/model.json", with_size),
    ("weights/model_weights_config.json", lambda raw: raw.replace(b'"use_pickle": false', b'"use_pickle": true')
     .replace(b'"use_pickle":false', b'"use_pickle":true')),
], ids=["pickle", "bare pickle", "target", "operator", "guard", "size", "weights"])  # fmt: skip
def test_a_program_that_would_run_code_is_refused_unread(
    bring, brought, tmp_path, monkeypatch, part, change
):
    monkeypatch.chdir(tmp_path)
    bring(exported(net()), YES_NO)
    changed = False
    with zipfile.ZipFile("model.pt2") as old, zipfile.ZipFile("evil.pt2", "w") as new:
        for name in old.namelist():
            raw = old.read(name)
            made = change(raw) if name.endswith(part) else raw
            changed = changed or made != raw
            new.writestr(name, made)
    assert changed

    with pytest.raises(InvalidData, match="could run any code"):
        brought(Torch(), "evil.pt2", YES_NO, NUMERIC).train()

    assert not (tmp_path / "exploded").exists()


def test_an_answer_that_is_no_table_is_refused(bring):
    class Cube(torch.nn.Module):
        def forward(self, rows):
            return rows.unsqueeze(1) * 2

    with pytest.raises(InvalidData, match="tensor of shape"):
        bring(exported(Cube()), NUMBER).train()


def test_it_recognises_its_own_files_only(bring, script, tmp_path):
    bring(exported(net()), YES_NO)
    script(net(), YES_NO)
    torch.save(net().state_dict(), tmp_path / "weights.pt")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("other", "")
    (tmp_path / "text.pt").write_text("PK")

    recognised = [one.name for one in sorted(tmp_path.iterdir()) if Torch().recognises(one)]

    assert recognised == ["model.pt", "model.pt2", "weights.pt"]
