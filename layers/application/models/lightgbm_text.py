"""LightGBM's text format, checked before LightGBM sees it: its own parser trusts what it reads.

Seen with LightGBM 4.7: a text cut off in a tree ends the process, or loads and predicts from memory that
is not its own. Written after `gbdt_model_text.cpp` and `tree.cpp` of LightGBM.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import InvalidData

Section = Mapping[str, str]
END_OF_TREES = "\nend of trees"
END = "\nend of parameters"
FRAME = "pandas_categorical:"
PER_LEAF = ("leaf_value", "leaf_weight", "leaf_count", "leaf_const")
PER_NODE = ("split_gain", "threshold", "internal_value", "internal_weight", "internal_count")
ONCE = ("is_linear", "shrinkage")
TREE = re.compile(r"Tree=\d+\n(?:[a-z_]+=[-+\d.eE \tinfaINFA]*\n|\n)*", re.ASCII)
"""LightGBM ends the process at a number that it cannot read in a tree."""
CATEGORICAL, LINEAR = 1, "is_linear"
MISSING, MISSING_NAN = 0b1100, 0b1000
"""Bits of a node's decision type: how it takes missing values."""
MOST_FEATURES = 10_000
"""As many fields as a schema may have."""


@dataclass(frozen=True)
class LightGBMText:
    """What the text says about its model."""

    text: str
    objective: str
    classes: int
    """How many numbers it gives for a record."""
    names: tuple[str, ...]
    infos: tuple[str, ...]
    """Per feature: `[least:most]`, the categories' codes as `a:b:c`, or `none` where it is not used."""
    frame: tuple[tuple[Any, ...], ...] | None
    """The values of each categorical column of the DataFrame it was trained from."""

    @property
    def categorical(self) -> tuple[bool, ...]:
        """Which features are categories."""
        return tuple(info != "none" and not info.startswith("[") for info in self.infos)

    def with_missing(self) -> frozenset[int]:
        """Return the features that were missing in some row of the training, by position."""
        found: set[int] = set()
        for features, kinds in re.findall(
            r"^split_feature=([^\n]*)$.*?^decision_type=([^\n]*)$",
            self.text,
            re.MULTILINE | re.DOTALL,
        ):
            chosen = (_ints(kinds) & MISSING) == MISSING_NAN
            found.update(_ints(features)[chosen].tolist())
        return frozenset(found)

    @property
    def unnamed(self) -> bool:
        """Whether the names are the ones that LightGBM gives where there are none."""
        return self.names == tuple(f"Column_{position}" for position in range(len(self.names)))


def read_text(raw: bytes, file: str) -> LightGBMText:
    """Read and check. Raises InvalidData with what is wrong, for a damaged or a cut text above all."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _damaged(file, "it is not UTF-8 text") from error
    if not text.startswith("tree\n"):
        raise _damaged(file, "it does not begin as one; save it with `Booster.save_model`")
    if END not in text:
        raise _damaged(file, "it is cut off")
    try:
        return _read(text, file)
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        raise _damaged(file, "a part of it is missing or cannot be read") from error


def _read(text: str, file: str) -> LightGBMText:
    head, _, rest = text.partition("\n\n")
    header = _section(head)
    width = int(header["max_feature_idx"]) + 1
    names = tuple(header["feature_names"].split())
    infos = tuple(header["feature_infos"].split())
    per_round = int(header["num_tree_per_iteration"])
    if not 0 < width <= MOST_FEATURES or len(names) != width or len(infos) != width:
        raise _damaged(file, "its features are not as many as it says")
    trees = _trees(header, rest, file)
    if not trees or per_round < 1 or len(trees) % per_round:
        raise _damaged(file, "its trees are not as many as it says")
    for tree in trees:
        if not TREE.fullmatch(tree):
            raise _damaged(file, "a tree has a line that cannot be read")
        _check_tree(_section(tree), width, file)
    return LightGBMText(
        text, header.get("objective", ""), per_round, names, infos, _frame(text, file)
    )


def _trees(header: Section, rest: str, file: str) -> list[str]:
    """Take the trees apart by the sizes, in bytes, that the header tells."""
    raw, start, found = rest.encode(), 0, []
    for size in map(int, header["tree_sizes"].split()):
        found.append(raw[start : start + size].decode())
        start += size
    if any(not one.startswith(f"Tree={n}\n") for n, one in enumerate(found)):
        raise _damaged(file, "a tree does not stand where its header says")
    if not b"".join([b"\n", raw[start:]]).startswith(END_OF_TREES.encode()):
        raise _damaged(file, "its trees do not end where its header says")
    return found


def _check_tree(tree: Section, width: int, file: str) -> None:
    """Every index of a tree must point into it: LightGBM follows them without looking."""
    leaves, cats = int(tree["num_leaves"]), int(tree["num_cat"])
    nodes = leaves - 1
    if leaves < 1 or cats < 0 or not tree["leaf_value"].strip():
        raise _damaged(file, "a tree has not as many leaves as it says")
    for names, count in ((PER_LEAF, leaves), (PER_NODE, nodes), (ONCE, 1)):
        for name in names:
            if tree.get(name, "").strip() and len(_floats(tree[name])) != count:
                raise _damaged(file, f"a tree has not as many {name} as it says")
    if nodes:
        _check_nodes(tree, nodes, width, cats, file)
    if cats:
        _check_categories(tree, cats, file)
    if tree.get(LINEAR, "0") == "1":
        _check_linear(tree, leaves, width, file)


def _check_nodes(tree: Section, nodes: int, width: int, cats: int, file: str) -> None:
    features, kinds = _ints(tree["split_feature"]), _ints(tree["decision_type"])
    left, right = _ints(tree["left_child"]), _ints(tree["right_child"])
    thresholds = _floats(tree["threshold"])
    if any(len(one) != nodes for one in (features, kinds, left, right, thresholds)):
        raise _damaged(file, "a tree has not as many nodes as it says")
    if features.min() < 0 or features.max() >= width:
        raise _damaged(file, "a tree asks for a feature that there is not")
    children = np.concatenate([left, right])
    # each node but the root, and each leaf (as ~index), is the child of exactly one node: no circles
    if not np.array_equal(np.sort(children), np.delete(np.arange(-nodes - 1, nodes), nodes + 1)):
        raise _damaged(file, "a tree's nodes do not make a tree")
    chosen = thresholds[(kinds & CATEGORICAL) == CATEGORICAL]
    if len(chosen) and not ((chosen >= 0) & (chosen < cats)).all():
        raise _damaged(file, "a tree asks for a category that there is not")


def _check_categories(tree: Section, cats: int, file: str) -> None:
    bounds, words = _ints(tree["cat_boundaries"]), _ints(tree["cat_threshold"])
    if len(bounds) != cats + 1 or bounds[0] != 0 or bounds[-1] != len(words):
        raise _damaged(file, "a tree's categories are not as many as it says")
    if (np.diff(bounds) < 0).any():
        raise _damaged(file, "a tree's categories overlap")


def _check_linear(tree: Section, leaves: int, width: int, file: str) -> None:
    counts, features = _ints(tree["num_features"]), _ints(tree["leaf_features"])
    coefficients = _floats(tree["leaf_coeff"])
    sizes = {len(counts) == leaves, len(features) == int(counts.sum()) == len(coefficients)}
    inside = not len(features) or (features.min() >= 0 and features.max() < width)
    if sizes != {True} or (counts < 0).any() or not inside:
        raise _damaged(file, "a tree's linear leaves are not as many as it says")


def _frame(text: str, file: str) -> tuple[tuple[Any, ...], ...] | None:
    after = text[text.index(END) + len(END) :]
    if FRAME not in after:
        if after.strip():
            raise _damaged(file, "it is cut off")
        return None  # written by another language than Python
    try:
        told = json.loads(after.partition(FRAME)[2].strip())
    except ValueError as error:
        raise _damaged(file, "it is cut off") from error
    if told is None:
        return None
    if not isinstance(told, list) or not all(isinstance(one, list) for one in told):
        raise _damaged(file, "its pandas categories cannot be read")
    return tuple(map(tuple, told))


def _section(text: str) -> Section:
    return dict(re.findall(r"^([a-z_]+)=(.*)$", text, re.MULTILINE))


def _ints(text: str) -> NDArray[np.int64]:
    found = np.array(text.split(), dtype=np.int64)
    if len(found) and (found.min() < -(2**31) or found.max() >= 2**32):
        raise OverflowError
    return found


def _floats(text: str) -> NDArray[np.float64]:
    return np.array(text.split(), dtype=np.float64)


def _damaged(file: str, why: str) -> InvalidData:
    return InvalidData(f"{file} is no model that LightGBM can read: {why}.")


def objective_name(text: LightGBMText) -> str:
    """Return the objective without its settings."""
    return next(iter(text.objective.split()), "")


def sanitised(names: Sequence[str]) -> list[str]:
    """Return names as LightGBM writes them: without white space."""
    return ["_".join(name.split()) if name.split() else name for name in names]
