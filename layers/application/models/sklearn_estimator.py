"""What a fitted estimator remembers of its training data: columns, categories, classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from minerva import InvalidData
from minerva.layers.application.models.answering import described, plain
from minerva.layers.application.models.encoding import positional

Described = dict[str, Any]
MOST_VALUES = 1000


def described_inputs(estimator: Any) -> tuple[Described, Described, list[str]]:
    """Return inputs, parameters and notes."""
    count = int(getattr(estimator, "n_features_in_", 0))
    named = getattr(estimator, "feature_names_in_", None)
    if not count:
        return {}, {}, ["The file does not say how many features it takes."]
    names = positional(count) if named is None else [str(name) for name in named]
    inputs: Described = {name: {"type": "number"} for name in names}
    notes = (
        ["The estimator was fitted without names: name the inputs, in this order."]
        if named is None
        else []
    )
    categories = dict(_categories(estimator, names))
    for name, values in categories.items():
        inputs[name] = _category(values)
    if _allows_missing(estimator):
        for field in inputs.values():
            field["nullable"] = True
    marked = getattr(estimator, "is_categorical_", None)
    native = named is not None and marked is not None and bool(np.any(marked))
    return inputs, {"categories": "pandas"} if native else {}, notes


def described_output(estimator: Any, file: str) -> tuple[Described, list[str]]:
    """Return the output and notes. Raises InvalidData for what predicts nothing, or several things."""
    if not hasattr(estimator, "predict"):
        raise InvalidData(f"{file} holds a {type(estimator).__name__}, which predicts nothing.")
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return {"type": "number"}, []
    if isinstance(classes, list):
        raise InvalidData(f"{file} gives several outputs at once, which is not supported.")
    output = described(list(classes))
    if output["type"] == "boolean":
        labels = ", ".join(str(plain(label)) for label in classes)
        return output, [
            f"The model's classes are {labels}: false and true, if nothing better fits."
        ]
    return output, []


def _categories(estimator: Any, names: list[str]) -> Iterator[tuple[str, list[Any]]]:
    """Yield columns with the categories that an encoder at the front of a pipeline learnt."""
    steps = getattr(estimator, "steps", None)
    if steps:
        yield from _categories(steps[0][1], names)
    elif hasattr(estimator, "transformers_"):
        for _, inner, columns in estimator.transformers_:
            chosen = _chosen(columns, names)
            if not isinstance(inner, str) and chosen:
                yield from _categories(inner, chosen)
    elif hasattr(estimator, "_preprocessor") and hasattr(estimator, "is_categorical_"):
        if estimator._preprocessor is not None:  # noqa: SLF001 - nowhere else are a boosting's categories kept
            yield from _categories(estimator._preprocessor, names)  # noqa: SLF001 - as above
    elif hasattr(estimator, "categories_") and len(estimator.categories_) == len(names):
        for name, found in zip(names, estimator.categories_, strict=True):
            values = [plain(one) for one in found if one is not None and one == one]  # noqa: PLR0124 - NaN is the one value that differs from itself
            if values and len(values) <= MOST_VALUES:
                yield name, values


def _chosen(columns: Any, names: list[str]) -> list[str]:
    """Return the names that a ColumnTransformer's choice stands for: names, positions or a mask."""
    listed = [columns] if isinstance(columns, str) else list(np.atleast_1d(columns).tolist())
    if all(isinstance(one, bool) for one in listed):
        return [name for name, taken in zip(names, listed, strict=False) if taken]
    return [names[one] if isinstance(one, int) else str(one) for one in listed]


def _category(values: list[Any]) -> Described:
    if all(isinstance(value, bool) for value in values):
        return {"type": "boolean"}
    return {"type": "category", "values": values}


def _allows_missing(estimator: Any) -> bool:
    try:
        from sklearn.utils import get_tags

        return bool(get_tags(estimator).input_tags.allow_nan)
    except Exception:  # noqa: BLE001 - older versions have no tags, foreign estimators wrong ones
        return False
