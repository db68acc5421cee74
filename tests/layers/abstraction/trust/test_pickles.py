"""What runs code when it is read is found by its content, and nothing else is taken for it."""

import bz2
import collections
import gzip
import json
import lzma
import os
import pickle
import struct
import subprocess
import sys
import zipfile
import zlib

import joblib
import lightgbm
import numpy as np
import onnx
import pytest
import skops.io
import xgboost
from onnx import TensorProto, helper
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from minerva.errors import InvalidData
from minerva.layers.abstraction.trust import pickles
from minerva.layers.abstraction.trust.pickles import refuse_pickles

X, Y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
FITTED = LogisticRegression().fit(X, Y)


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        return os.system, ("touch /tmp/minerva-was-here",)


@pytest.fixture
def model(tmp_path):
    """A version's model folder."""
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


def refused(folder, name="model.bin"):
    with pytest.raises(InvalidData) as caught:
        refuse_pickles(folder)
    assert f"File {name!r}" in caught.value.message
    assert "allow_pickle: true" in caught.value.message
    return caught.value.message


OBJECTS = {
    "a fitted model": FITTED,
    "an attack": Evil(),
    "a dictionary": {"weights": [1, 2.5, "x"], "more": (None, True)},
    "an array": np.arange(5.0),
    "a long list": list(range(5000)),
    "an ordered dictionary": collections.OrderedDict(a=1),
    "long bytes": bytes(300_000),
    "a long text": "long " * 100_000,
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("what", OBJECTS)
def test_a_pickle_of_every_protocol_is_refused_whatever_it_is_called(model, protocol, what):
    (model / "weights.json").write_bytes(pickle.dumps(OBJECTS[what], protocol))

    assert "holds a pickle" in refused(model, "weights.json")


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_without_its_end_runs_code_too_and_is_refused(model, protocol):
    (model / "model.bin").write_bytes(pickle.dumps(Evil(), protocol)[:-1] + b"\xff" * 50)

    refused(model)


def test_code_behind_a_megabyte_of_padding_is_found(model):
    padding = b"\x8e" + struct.pack("<Q", 3_000_000) + bytes(3_000_000) + b"0"
    text = b"V" + b"x" * 2_000_000 + b"\n0"
    attack = pickle.dumps(Evil(), 0)
    (model / "model.bin").write_bytes(padding + text + attack)

    refused(model)


def test_a_second_pickle_behind_a_harmless_one_is_found(model):
    (model / "model.bin").write_bytes(b"N." + pickle.dumps(Evil(), 0)[:-1])

    refused(model)


@pytest.mark.parametrize(
    "compress", [("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), 0]
)
def test_joblib_files_are_refused_plain_and_compressed(model, compress):
    joblib.dump(RandomForestClassifier(3).fit(X, Y), model / "model.bin", compress=compress)

    assert "holds a pickle" in refused(model)


@pytest.mark.parametrize("start", [b"\x04\x22\x4d\x18", b"ZF0x14"])
def test_what_joblib_reads_and_nobody_can_look_into_is_refused(model, start):
    (model / "model.bin").write_bytes(start + bytes(100))

    assert "nobody can look into" in refused(model)


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress, bz2.compress, lzma.compress])
def test_a_pickle_in_the_second_of_two_streams_is_found(model, compress):
    (model / "model.bin").write_bytes(compress(b"") + compress(pickle.dumps(Evil())))

    refused(model)


@pytest.mark.parametrize("compress", [zlib.compress, gzip.compress, bz2.compress, lzma.compress])
def test_compressed_data_without_a_pickle_is_accepted_even_if_damaged(model, compress):
    text = compress(json.dumps({"weights": list(range(10_000))}).encode())
    (model / "whole").write_bytes(text)
    (model / "cut").write_bytes(text[: len(text) // 2])
    (model / "spoilt").write_bytes(text[:20] + b"\xff" * 50)

    refuse_pickles(model)


def test_an_array_of_objects_is_refused_alone_and_in_an_archive(model):
    objects = np.array([Evil(), None], dtype=object)
    np.save(model / "one.npy", objects)
    assert "array of Python objects" in refused(model, "one.npy")
    (model / "one.npy").unlink()

    np.savez(model / "many.npz", fine=np.arange(3.0), objects=objects)

    assert "array of Python objects" in refused(model, "many.npz")


def test_an_object_within_a_record_is_refused(model):
    np.save(model / "model.npy", np.array([(1, None)], dtype=[("a", "i4"), ("b", object)]))

    refused(model, "model.npy")


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '|O', 'shape': (1L,), 'fortran_order': False}",
        b"",
        b"[]",
        b"{}",
        b"(" * 5000,
        b"\xff",
    ],
)
def test_an_array_whose_header_cannot_be_read_is_refused(model, header):
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
    (model / "model.npy").write_bytes(start + header + pickle.dumps(Evil()))

    assert "header cannot be read" in refused(model, "model.npy")


def test_an_array_whose_header_claims_gigabytes_is_refused(model):
    (model / "model.npy").write_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\x7f")

    assert "header cannot be read" in refused(model, "model.npy")


def torch_archive(file, data, **more):
    """Write an archive as torch.save does: `data.pkl`, and storages beside it."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/data/0", np.arange(8, dtype="f4").tobytes())
        archive.writestr("archive/version", "3\n")
        for name, content in more.items():
            archive.writestr(name, content)


TENSOR = (
    b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
    b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x08tQK\x00K\x08\x85K\x01\x85\x89"
    b"ccollections\nOrderedDict\n)RtR."
)
SCRIPTED = b"\x80\x02c__torch__.torch.nn.modules.linear.___torch_mangle_0\nLinear\n)\x81}b."


@pytest.mark.parametrize("data", [TENSOR, SCRIPTED, b"\x80\x02)."])
def test_an_archive_of_tensors_or_torchscript_is_accepted(model, data):
    torch_archive(model / "model.pt2", data)
    torch_archive(model / "outer.pt2", data, **{"inner.pt": (model / "model.pt2").read_bytes()})

    refuse_pickles(model)


@pytest.mark.parametrize(
    "named",
    ["posix system", "builtins eval", "torch._utils _import_dotted_name", "torch load",
     "torch.nn.modules.linear Linear", "__main__ Net", "collections OrderedDict.x", "__torch__x y"],
)  # fmt: skip
def test_an_archive_whose_pickle_names_anything_else_is_refused(model, named):
    module, name = named.split(" ", 1)
    torch_archive(model / "model.bin", f"\x80\x02c{module}\n{name}\n)R.".encode("latin-1"))

    assert "holds a pickle inside an archive" in refused(model)


def test_a_name_that_is_put_together_while_reading_is_refused(model):
    torch_archive(model / "model.bin", pickle.dumps(collections.OrderedDict(a=1), 4))

    refused(model)


def test_an_archive_within_an_archive_is_looked_into_and_not_for_ever(model):
    torch_archive(model / "model.bin", pickle.dumps(Evil()))
    inner = (model / "model.bin").read_bytes()
    torch_archive(model / "model.bin", TENSOR, inner=inner)
    assert "inside an archive" in refused(model)

    torch_archive(model / "model.bin", TENSOR)
    for _ in range(pickles.DEEPEST):
        torch_archive(model / "model.bin", TENSOR, inner=(model / "model.bin").read_bytes())

    assert "too many others" in refused(model)


def test_an_archive_behind_other_bytes_is_looked_into(model):
    torch_archive(model / "archive", pickle.dumps(Evil()))
    (model / "model.bin").write_bytes(b"#!/bin/sh\n" + (model / "archive").read_bytes())
    (model / "archive").unlink()

    refused(model)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compressed_member_is_looked_into(model, method):
    with zipfile.ZipFile(model / "model.bin", "w", compression=method) as archive:
        archive.writestr("data.pkl", pickle.dumps(Evil()))

    assert "inside an archive" in refused(model)


def spoilt(content, _rng=None):
    """An archive whose only member says that it is encrypted."""
    changed = bytearray(content)
    changed[6] |= 1
    at = content.index(b"PK\x01\x02")
    changed[at + 8] |= 1
    return bytes(changed)


def unknown_method(content):
    changed = bytearray(content)
    changed[8] = 99
    changed[content.index(b"PK\x01\x02") + 10] = 99
    return bytes(changed)


def wrong_checksum(content):
    changed = bytearray(content)
    changed[content.index(b"{}")] ^= 1
    return bytes(changed)


def without_directory(content):
    return content[: content.index(b"PK\x01\x02")]


@pytest.mark.parametrize("damage", [spoilt, unknown_method, wrong_checksum, without_directory])
def test_an_archive_that_cannot_be_looked_into_is_refused(model, damage):
    with zipfile.ZipFile(model / "model.bin", "w") as archive:
        archive.writestr("model.json", "{}")
    (model / "model.bin").write_bytes(damage((model / "model.bin").read_bytes()))

    assert "damaged, encrypted or too large" in refused(model)


def test_formats_without_code_are_accepted(model):
    """What the built-in algorithms save, written by the libraries themselves."""
    booster = xgboost.train({}, xgboost.DMatrix(np.array(X), label=Y), 2)
    for kind in ("ubj", "json"):
        booster.save_model(model / f"booster.{kind}")
    skops.io.dump(FITTED, model / "model.skops")
    skops.io.dump(RandomForestClassifier(3).fit(X, Y), model / "forest.skops", compression=8)
    node = helper.make_node("Identity", ["x"], ["y"])
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, [None, 1]) for n in "xy")
    onnx.save(helper.make_model(helper.make_graph([node], "g", [x], [y])), model / "model.onnx")
    np.save(model / "weights.npy", np.arange(10.0))
    np.savez_compressed(model / "weights.npz", a=np.arange(10.0), b=np.array(["x", "y"]))
    (model / "rows.csv").write_text("churn,column\nyes,1\nno,2\n")
    (model / "empty").write_bytes(b"")
    (model / "below").mkdir()
    (model / "below" / "notes.txt").write_text("import os\nos.system\n(a list of words).")

    refuse_pickles(model)


def test_a_lightgbm_text_is_accepted(model):
    data = lightgbm.Dataset(np.arange(100.0).reshape(-1, 1), label=np.arange(100) % 2)
    lightgbm.train({"verbosity": -1, "num_threads": 1}, data, 2).save_model(model / "model.txt")

    refuse_pickles(model)


def test_what_is_a_valid_pickle_for_very_long_is_refused(model):
    (model / "model.bin").write_bytes(b"N0" * 600_000)

    refused(model)


def test_a_file_that_cannot_be_read_is_named(model):
    (model / "model.bin").write_bytes(b"x")
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from minerva.layers.abstraction.trust.pickles import refuse_pickles\n"
        "from minerva.errors import InvalidData\n"
        "folder = Path(sys.argv[1])\n"
        "(folder / 'model.bin').chmod(0)\n"
        "if os.geteuid() == 0:\n"
        "    os.seteuid(65534)\n"
        "try:\n"
        "    refuse_pickles(folder)\n"
        "except InvalidData as error:\n"
        "    print(error)\n"
        "finally:\n"
        "    os.seteuid(os.getuid())\n"
    )
    for folder in (model, *model.parents):
        if folder.name.startswith(("test_", "pytest-", "popen-", "model")):
            folder.chmod(0o755)

    run = [sys.executable, "-c", script, str(model)]
    said = subprocess.run(run, check=True, capture_output=True, text=True).stdout

    assert "File 'model.bin' of the model cannot be read: Permission denied." in said
