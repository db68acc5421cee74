"""Libraries are imported when a model is read, and no more of them than is needed."""

import subprocess
import sys

import pytest

from minerva import InvalidConfiguration
from minerva.layers.application.models.libraries import library

from .mlflow_folders import FOLDERS


def python(program):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_missing_library_is_named_with_the_extra_that_brings_it():
    with pytest.raises(InvalidConfiguration) as caught:
        library("no_such_library", "onnx", "ONNX Runtime")

    assert "ONNX Runtime is not installed here" in caught.value.message
    assert 'pip install "minerva-sidecar[onnx]"' in caught.value.message
    assert "`requirements`" in caught.value.message


def test_importing_the_algorithms_imports_no_library():
    told = python("""
import importlib, sys
for name in ("onnx", "sklearn", "lightgbm", "torch", "mlflow"):
    list(importlib.import_module(f"minerva.layers.application.models.{name}_model").minerva_algorithms())
heavy = ("onnxruntime", "sklearn", "skops", "joblib", "lightgbm", "torch", "xgboost", "pandas", "scipy")
print([name for name in heavy if name in sys.modules])
""")

    assert told == "[]"


def test_onnx_runtime_reports_nothing_to_its_maker(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("CI", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)  # each decides whether it does

    told = python(f"""
from pathlib import Path
from minerva.layers.application.models.onnx_session import open_session
open_session(Path({str(FOLDERS / "onnx" / "model.onnx")!r}))
print(list(Path.home().rglob("*")))
""")

    assert told == "[]"


def test_xgboost_comes_without_scikit_learn_which_others_can_still_import():
    told = python("""
import sys
from minerva.layers.application.models.libraries import xgboost_library
xgboost = xgboost_library()
print("xgboost" in sys.modules, "sklearn" in sys.modules)
import numpy, sklearn.linear_model
booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(numpy.ones((9, 2)), label=numpy.ones(9)), 1)
print(len(booster.inplace_predict(numpy.ones((3, 2)))), sklearn.linear_model.__name__)
""")

    assert told.splitlines() == ["True False", "3 sklearn.linear_model"]


def test_scikit_learn_that_is_loaded_already_stays_loaded():
    told = python("""
import sklearn, sys
from minerva.layers.application.models.libraries import xgboost_library
xgboost_library()
print(sys.modules["sklearn"] is sklearn)
""")

    assert told == "True"


def test_threads_that_want_both_get_both():
    told = python("""
from concurrent.futures import ThreadPoolExecutor
from minerva.layers.application.models.libraries import library, xgboost_library
with ThreadPoolExecutor(8) as pool:
    wanted = [pool.submit(xgboost_library if n % 2 else lambda: library("sklearn", "sklearn")) for n in range(16)]
print(sorted({one.result().__name__ for one in wanted}))
""")

    assert told == "['sklearn', 'xgboost']"
