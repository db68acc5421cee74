"""A booster's twin: the same trees as a graph of ONNX, which answers few records in a tenth of the time.

The trees are read from XGBoost's JSON, whose fields are described in
https://xgboost.readthedocs.io/en/stable/dev/structxgboost_1_1RegTree.html and `doc/model.schema`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import Batch, FieldType, Predictions, Schema
from minerva.layers.application.models.onnx_session import session_of
from minerva.layers.application.models.tree_graph import INPUT, OUTPUT, Link, Trees, tree_graph
from minerva.layers.application.xgboost_booster import BoosterModel
from minerva.layers.application.xgboost_objectives import EXPONENTIAL, Reading, reading_of
from minerva.schema.batch import LARGEST

FILE = "trees.onnx"
OBJECTIVE = "objective"
PROBES = 1000
SIGMOID = ("binary:logistic", "reg:logistic")
"""Their base score is a chance, and their sum a logit."""


class _Shape(msgspec.Struct):
    size_leaf_vector: str = "1"


class _Tree(msgspec.Struct):
    left_children: list[int]
    right_children: list[int]
    split_indices: list[int]
    split_conditions: list[float]
    split_type: list[int]
    default_left: list[int]
    categories: list[int]
    categories_nodes: list[int]
    categories_segments: list[int]
    categories_sizes: list[int]
    tree_param: _Shape


class _Boosted(msgspec.Struct):
    trees: list[_Tree] = []
    """None where the booster is linear."""
    tree_info: list[int] = []
    iteration_indptr: list[int] = []


class _Booster(msgspec.Struct):
    model: _Boosted | None = None
    """None where it is dart, which weighs its trees."""


class _Named(msgspec.Struct):
    name: str


class _Numbers(msgspec.Struct):
    base_score: str
    num_feature: str
    num_class: str = "0"
    num_target: str = "1"


class _Learner(msgspec.Struct):
    gradient_booster: _Booster
    learner_model_param: _Numbers
    objective: _Named


class _File(msgspec.Struct):
    learner: _Learner


@dataclass(frozen=True, eq=False)
class BoosterTwin:
    """Predicts as a booster does; ONNX Runtime's `run` is thread-safe."""

    schema: Schema
    reading: Reading
    session: Any
    raw: bytes = field(repr=False)
    most_together: ClassVar[int] = 1024
    """Each record takes its own way through the trees."""

    @classmethod
    def load(cls, folder: Path, schema: Schema) -> BoosterTwin:
        """Read what `write_twin` wrote. Raises InvalidConfiguration without ONNX Runtime."""
        raw = (folder / FILE).read_bytes()
        session = session_of(raw)
        objective = session.get_modelmeta().custom_metadata_map[OBJECTIVE]
        return cls(schema, reading_of(objective, schema.target()[1]), session, raw)

    def predict(self, batch: Batch) -> Predictions:
        """Return the one output that the schema declares."""
        (answers,) = self.session.run([OUTPUT], {INPUT: batch.matrix()})
        raw = answers if self.reading.width > 1 else answers[:, 0]
        name, output = self.schema.target()
        return {name: self.reading.convert(raw, output)}

    def save(self, folder: Path) -> None:
        """Write the graph again."""
        (folder / FILE).write_bytes(self.raw)


def write_twin(model: BoosterModel, folder: Path) -> Batch | None:
    """Write the graph and return records that ask its thresholds; None if ONNX cannot say the trees.

    It cannot: dart, leaves of several numbers.
    """
    read = msgspec.json.decode(bytes(model.booster.save_raw("json")), type=_File).learner
    boosted, numbers = read.gradient_booster.model, read.learner_model_param
    if boosted is None or not _plain(boosted, numbers):
        return None
    begin, end = model.rounds
    first, last = boosted.iteration_indptr[begin], boosted.iteration_indptr[end or -1]
    trees = _joined(boosted.trees[first:last], boosted.tree_info[first:last])
    graph = tree_graph(
        trees,
        _base(read, model.reading.width),
        int(numbers.num_feature),
        _link(read.objective.name, model.reading),
        {OBJECTIVE: read.objective.name},
    )
    (folder / FILE).write_bytes(graph)
    return _probes(trees, model.schema)


def _plain(boosted: _Boosted, numbers: _Numbers) -> bool:
    """Whether each leaf is one number that is added as it is."""
    single = all(tree.tree_param.size_leaf_vector in {"0", "1"} for tree in boosted.trees)
    return single and numbers.num_target == "1" and bool(boosted.trees)


def _link(objective: str, reading: Reading) -> Link:
    if objective in SIGMOID:
        return "Sigmoid"
    if objective in EXPONENTIAL:
        return "Exp"
    return "Softmax" if reading.width > 1 and not reading.margin else "Identity"


def _base(read: _Learner, width: int) -> NDArray[np.float32]:
    """Return where the sums begin, in margin; since XGBoost 3.1 there is one for each class."""
    told = np.array(read.learner_model_param.base_score.strip("[]").split(","), dtype=np.float32)
    if read.objective.name in SIGMOID:
        told = -np.log(np.float32(1) / told - np.float32(1))
    elif read.objective.name in EXPONENTIAL:
        told = np.log(told)
    return np.broadcast_to(told, width).astype(np.float32)


def _joined(trees: list[_Tree], targets: list[int]) -> Trees:
    parts = [_nodes(tree) for tree in trees]
    sizes = [len(part["leaf"]) for part in parts]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Trees(
        tree=np.repeat(np.arange(len(trees)), sizes),
        node=np.concatenate([np.arange(size) for size in sizes]),
        target=np.repeat(np.asarray(targets, dtype=np.int64), sizes),
        **joined,
    )


def _nodes(tree: _Tree) -> dict[str, NDArray[Any]]:
    left, right = np.array(tree.left_children), np.array(tree.right_children)
    nodes: dict[str, NDArray[Any]] = {
        "feature": np.array(tree.split_indices, dtype=np.int64),
        "value": np.array(tree.split_conditions, dtype=np.float32),
        "leaf": left < 0,
        "equal": np.zeros(len(left), dtype=bool),
        "yes": left,
        "no": right,
        "missing_yes": np.array(tree.default_left, dtype=bool),
    }
    for node, begin, size in zip(
        tree.categories_nodes, tree.categories_segments, tree.categories_sizes, strict=True
    ):
        _ask_categories(nodes, node, tree.categories[begin : begin + size])
    return nodes


def _ask_categories(nodes: dict[str, NDArray[Any]], node: int, categories: list[int]) -> None:
    """Ask for one category after the other: each leads to the right, none of them to the left.

    ONNX Runtime makes one question of such a chain.
    """
    left, right = int(nodes["yes"][node]), int(nodes["no"][node])
    feature, missing_right = nodes["feature"][node], not nodes["missing_yes"][node]
    added = len(nodes["leaf"]) + np.arange(len(categories) - 1)
    links = [node, *added.tolist()]
    for name, new in (("feature", feature), ("leaf", False), ("equal", True), ("yes", right)):
        nodes[name] = np.append(nodes[name], np.full(len(added), new, dtype=nodes[name].dtype))
    for name in ("value", "no", "missing_yes"):
        nodes[name] = np.append(nodes[name], np.zeros(len(added), dtype=nodes[name].dtype))
    nodes["equal"][node], nodes["yes"][node] = True, right
    nodes["value"][links] = categories
    nodes["no"][links] = [*added.tolist(), left]
    nodes["missing_yes"][links] = missing_right


def _probes(trees: Trees, schema: Schema) -> Batch:
    """Return records whose values are thresholds, their neighbours, missing and the largest."""
    random = np.random.default_rng(0)
    asked = ~trees.leaf & ~trees.equal
    columns: dict[str, NDArray[Any]] = {}
    for position, name in enumerate(schema.features):
        field = schema.inputs[name]
        if field.type is FieldType.CATEGORY:
            columns[name] = random.integers(-1, len(field.values), PROBES).astype(np.int32)
            continue
        thresholds = np.unique(trees.value[asked & (trees.feature == position)])
        near = [np.nextafter(thresholds, np.float32(way)) for way in (-np.inf, np.inf)]
        choice = np.concatenate([thresholds, *near, [np.nan, 0.0, 1.0, LARGEST, -LARGEST]])
        columns[name] = random.choice(choice.astype(np.float64), PROBES)
    return Batch(schema, columns, PROBES)
