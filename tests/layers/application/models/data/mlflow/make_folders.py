"""Makes the folders beside it with MLflow; the README says how. Writes what each model answers too."""

import json
import shutil
import zipfile
from pathlib import Path

import lightgbm
import mlflow
import mlflow.lightgbm
import mlflow.onnx
import mlflow.pyfunc
import mlflow.pytorch
import mlflow.sklearn
import mlflow.xgboost
import numpy as np
import pandas as pd
import torch
import xgboost
from mlflow.models import infer_signature
from onnx import TensorProto, helper, numpy_helper
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

RANDOM = np.random.default_rng(0)
ROWS = pd.DataFrame(
    {
        "size": RANDOM.integers(-8, 8, 80) / 4,
        "colour": RANDOM.choice(["blue", "red"], 80),
        "count": RANDOM.integers(0, 5, 80),
    }
)
NUMERIC = ROWS[["size", "count"]]
TABLE = NUMERIC.to_numpy(np.float32)
SCORE = (ROWS["size"] + (ROWS["colour"] == "red") + ROWS["count"] / 4).to_numpy()
LEAVES = SCORE > 1
LABELS = np.where(LEAVES, "Yes", "No")
ASKED = 5
SMALL = {"verbose": -1, "num_threads": 1, "num_leaves": 4, "min_child_samples": 5}


class Net(torch.nn.Module):
    """Two numbers in, the chances of two classes out."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.out = torch.nn.Linear(2, 2)

    def forward(self, rows):
        return torch.softmax(self.out(rows), 1)


class Twice(mlflow.pyfunc.PythonModel):
    """Code, which only MLflow runs."""

    def predict(self, context, model_input, params=None):
        return model_input["size"] * 2


def line():
    """`y = 2 size + count + 0.5`, as an ONNX graph."""
    nodes = [
        helper.make_node("MatMul", ["X", "W"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["y"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([[2], [1]], np.float32), "W"),
        numpy_helper.from_array(np.array([0.5], np.float32), "b"),
    ]
    given = helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 2])
    answer = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph(nodes, "graph", [given], [answer], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    made.ir_version = 10
    return made


def told(given, answer):
    return infer_signature(given, answer)


def scikit_learn(folder):
    pipeline = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough"),
        LogisticRegression(),
    ).fit(ROWS, LABELS)
    mlflow.sklearn.save_model(pipeline, folder, signature=told(ROWS, pipeline.predict(ROWS)))
    made_small(folder / "model.skops")
    return pipeline.predict_proba(ROWS)


def scikit_learn_pickle(folder):
    model = LogisticRegression().fit(NUMERIC, LABELS)
    mlflow.sklearn.save_model(
        model, folder, serialization_format="pickle", signature=told(NUMERIC, model.predict(NUMERIC))
    )  # fmt: skip
    return model.predict_proba(NUMERIC)


def xgboost_booster(folder):
    rows = xgboost.DMatrix(NUMERIC, label=SCORE)
    model = xgboost.train({"nthread": 1, "max_depth": 2}, rows, 2)
    mlflow.xgboost.save_model(model, folder, signature=told(NUMERIC, model.predict(rows)))
    return model.predict(rows)


def xgboost_wrapper(folder):
    model = xgboost.XGBClassifier(n_estimators=2, max_depth=2, n_jobs=1).fit(NUMERIC, LEAVES)
    mlflow.xgboost.save_model(
        model, folder, model_format="json", signature=told(NUMERIC, model.predict(NUMERIC))
    )
    return model.predict_proba(NUMERIC)[:, 1]


def lightgbm_booster(folder):
    model = lightgbm.train(SMALL, lightgbm.Dataset(NUMERIC, SCORE), 2)
    mlflow.lightgbm.save_model(model, folder, signature=told(NUMERIC, model.predict(NUMERIC)))
    return model.predict(NUMERIC)


def lightgbm_wrapper(folder):
    small = {name: value for name, value in SMALL.items() if name != "num_threads"}
    model = lightgbm.LGBMClassifier(n_estimators=2, n_jobs=1, **small).fit(NUMERIC, LABELS)
    mlflow.lightgbm.save_model(model, folder, signature=told(NUMERIC, model.predict(NUMERIC)))
    made_small(folder / "model.skops")
    return model.predict_proba(NUMERIC)


def onnx(folder):
    answer = (2 * ROWS["size"] + ROWS["count"] + 0.5).to_numpy()
    mlflow.onnx.save_model(line(), folder, signature=told(NUMERIC, answer))
    return answer


def pytorch_exported(folder):
    net = Net().eval()
    mlflow.pytorch.save_model(net, folder, input_example=TABLE[:2], serialization_format="pt2")
    without_paths(folder / "data" / "model.pt2")
    return net(torch.from_numpy(TABLE)).detach().numpy()


def pytorch_script(folder):
    net = Net().eval()
    traced = torch.jit.trace(net, torch.zeros(2, 2))
    mlflow.pytorch.save_model(
        traced, folder, signature=told(TABLE, TABLE), serialization_format="pickle"
    )
    without_paths(folder / "data" / "model.pth")
    return net(torch.from_numpy(TABLE)).detach().numpy()


def pytorch_pickle(folder):
    net = Net().eval()
    mlflow.pytorch.save_model(
        net, folder, signature=told(TABLE, TABLE), serialization_format="pickle"
    )


def python_function(folder):
    mlflow.pyfunc.save_model(folder, python_model=Twice(), signature=told(NUMERIC, SCORE))


def without_paths(archive):
    """Take out where its author's files were: stack traces that nothing reads."""

    def change(name, raw):
        if name.endswith(".debug_pkl"):
            return None
        if not name.endswith("models/model.json"):
            return raw
        program = json.loads(raw)
        for node in program["graph_module"]["graph"]["nodes"]:
            node["metadata"].pop("stack_trace", None)
        return json.dumps(program).encode()

    rewrite(archive, change)


def made_small(archive):
    """Compress what skops leaves as it is."""
    rewrite(archive, lambda _, raw: raw, zipfile.ZIP_DEFLATED)


def rewrite(archive, change, compression=zipfile.ZIP_STORED):
    copy = archive.with_suffix(".copy")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(copy, "w", compression) as new:
        for name in old.namelist():
            if (raw := change(name, old.read(name))) is not None:
                new.writestr(zipfile.ZipInfo(name), raw, compression)
    copy.replace(archive)


FOLDERS = [
    scikit_learn, scikit_learn_pickle, xgboost_booster, xgboost_wrapper, lightgbm_booster,
    lightgbm_wrapper, onnx, pytorch_exported, pytorch_script, pytorch_pickle, python_function,
]  # fmt: skip


def main():
    here = Path(__file__).parent
    answers = {}
    for make in FOLDERS:
        folder = here / make.__name__.replace("_", "-")
        shutil.rmtree(folder, ignore_errors=True)
        answer = make(folder)
        if answer is not None:
            answers[folder.name] = np.asarray(answer, float)[:ASKED].tolist()
    records = json.loads(ROWS[:ASKED].to_json(orient="records"))
    told = {"records": records, "answers": answers}
    (here / "answers.json").write_text(json.dumps(told, indent=1) + "\n")
