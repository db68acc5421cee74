"""The built-in algorithms are found like anyone's plugins and cost nothing until they work."""

import subprocess
import sys
from importlib.metadata import entry_points

import msgspec
import pytest

from minerva.layers.abstraction.plugins.catalogue import discover

BUILT_IN = [
    "constant", "lightgbm.model", "mlflow.model", "onnx", "rules", "sklearn.model", "torch.model",
    "xgboost.classifier", "xgboost.model", "xgboost.regressor",
]  # fmt: skip
MODULES = ["xgboost_trees", "xgboost_model", "rules", "constant"]


def test_the_built_in_algorithms_are_found_through_entry_points(tmp_path):
    catalogue = discover(tmp_path)

    assert set(BUILT_IN) <= set(catalogue.algorithms)
    assert catalogue.problems == ()


def test_each_declared_entry_point_names_a_module_of_this_layer():
    declared = {entry.value for entry in entry_points(group="minerva")}

    assert {f"minerva.layers.application.{module}" for module in MODULES} <= declared


def test_bringing_the_algorithms_imports_no_heavy_library():
    program = f"""
import importlib, sys
for module in {MODULES!r}:
    list(importlib.import_module("minerva.layers.application." + module).minerva_algorithms())
print([name for name in ("xgboost", "scipy", "pandas", "sklearn", "flask") if name in sys.modules])
"""

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_parameter_of_an_algorithm_is_described(name, tmp_path):
    parameters = discover(tmp_path).find(name).Parameters
    described = msgspec.json.schema_components([parameters])[1][parameters.__name__]

    undescribed = [
        field for field, about in described["properties"].items() if not about.get("description")
    ]

    assert undescribed == []
