"""What a trained booster remembers of its training data: features, categories, objective."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from minerva import Inspected, InvalidData
from minerva.layers.application.xgboost_objectives import CHANCES, CLASSES, NUMBERS

if TYPE_CHECKING:
    from xgboost import Booster

TYPES = {"int": "integer", "i": "boolean"}
"""XGBoost's letter for a feature → type of a field; any other is a number."""


def inspected(booster: Booster, file: str) -> Inspected:
    """Return the schema that a booster implies. Raises InvalidData for an objective without one."""
    output, notes = _output(booster, file)
    names = booster.feature_names
    if names is None:
        names = [f"feature_{position}" for position in range(booster.num_features())]
        notes.append("The file does not name its features: name the inputs, in this order.")
    letters = booster.feature_types or [""] * len(names)
    known = kept_categories(booster)
    inputs: dict[str, Any] = {}
    for position, (name, letter) in enumerate(zip(names, letters, strict=True)):
        if position in known:
            inputs[name] = {"type": "category", "values": known[position]}
        elif letter == "c":
            inputs[name] = {"type": "category", "values": ["value 0", "value 1"]}
            notes.append(
                f"{name}: a category whose values the file does not say; list them in order"
            )
        else:
            inputs[name] = {"type": TYPES.get(letter, "number")}
    notes.append("XGBoost takes missing values: say `nullable: true` where one may be missing.")
    return Inspected(inputs=inputs, output=output, notes=notes)


def kept_categories(booster: Booster) -> dict[int, list[Any]]:
    """Return position → values, which a model trained from a DataFrame keeps (XGBoost 3.1 and newer)."""
    if not hasattr(booster, "get_categories") or "c" not in (booster.feature_types or ()):
        return {}
    kept = booster.get_categories(export_to_arrow=True)
    if kept.empty():
        return {}
    return {
        position: values.to_pylist()
        for position, (_, values) in enumerate(kept.to_arrow())
        if values is not None
    }


def objective_of(booster: Booster) -> str:
    """Return the objective's name."""
    name: str = _learner(booster)["objective"]["name"]
    return name


def class_count_of(booster: Booster) -> int:
    """Return how many classes it tells apart; 0 for a chance or a number."""
    return int(_learner(booster)["learner_model_param"]["num_class"])


def _learner(booster: Booster) -> dict[str, Any]:
    learner: dict[str, Any] = msgspec.json.decode(booster.save_config())["learner"]
    return learner


def _output(booster: Booster, file: str) -> tuple[dict[str, Any], list[str]]:
    objective = objective_of(booster)
    if objective in CLASSES:
        said = "The file does not say what its classes are called: name them, in this order."
        return {"type": "category", "values": list(range(class_count_of(booster)))}, [said]
    if objective in CHANCES:
        said = "The file does not say what its two classes are called: true is its class 1."
        return {"type": "boolean"}, [said]
    if objective in NUMBERS:
        return {"type": "number"}, []
    raise InvalidData(
        f"{file} has the objective {objective!r}, which gives neither classes nor a number; what does: "
        f"{', '.join((*CHANCES, *CLASSES, *NUMBERS))}."
    )
