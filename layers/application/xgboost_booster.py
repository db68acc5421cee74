"""A trained XGBoost model in the web worker: read, predict, explain.

Measured with 300 trees of depth 4 over 19 fields on one core: `inplace_predict` of a float32 matrix
in C order answers one row in about 0.15 ms and 7,000 rows in about 60 ms. A `DMatrix` takes 0.8 ms and
85 ms, a matrix in Fortran order up to twice as long for many rows, and a second thread gains nothing
for one row while it makes it wait for a free core. Hence: in place, C order, one thread, and no feature
check per call, because the schema has fixed the columns already.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from minerva import Batch, FieldType, InvalidData, Predictions, Schema
from minerva.layers.application.models.libraries import xgboost_library
from minerva.layers.application.reasons import in_units, to_rates
from minerva.layers.application.xgboost_objectives import EXPONENTIAL, Reading

if TYPE_CHECKING:
    from xgboost import Booster

FORBIDDEN_IN_NAMES = frozenset("[]<")
"""XGBoost refuses these in a feature name."""
SHORTEST = 16
"""Bytes; XGBoost aborts the process on an empty buffer, so nothing that short is handed to it."""
DEEPEST = 500
"""Levels of JSON; XGBoost's parser overflows the stack far beyond, a model needs about ten."""


def read_booster(raw: bytes, file: str) -> Booster:
    """Read UBJ or JSON bytes; the booster uses one thread. Raises InvalidData if it cannot be read."""
    xgboost = xgboost_library()

    if raw.startswith(b"binf"):
        raise InvalidData(
            f"{file} is in XGBoost's old binary format: load it with the XGBoost that wrote it and "
            "save it again as .ubj or .json."
        )
    refusal = InvalidData(
        f"{file} is no model that XGBoost {xgboost.__version__} can read: it is truncated, damaged, "
        "of a newer version or no XGBoost model at all; save it again as .ubj or .json."
    )
    if len(raw) < SHORTEST or b"learner" not in raw or (is_json(raw) and _depth(raw) > DEEPEST):
        raise refusal
    booster: Booster = xgboost.Booster()
    try:
        booster.load_model(bytearray(raw))
        booster.set_param({"nthread": 1})
        booster.num_features()
    except (xgboost.core.XGBoostError, UnicodeDecodeError) as error:
        raise refusal from error
    return booster


def is_json(raw: bytes) -> bool:
    """Tell JSON from UBJ, which has a length where JSON has a quote."""
    return raw[:1] == b"{" and raw[1:].lstrip()[:1] == b'"'


def _depth(raw: bytes) -> int:
    """Return how deep brackets nest, those in texts included."""
    characters = np.frombuffer(raw, dtype=np.uint8)
    opened = np.isin(characters, np.frombuffer(b"{[", dtype=np.uint8)).astype(np.int32)
    closed = np.isin(characters, np.frombuffer(b"}]", dtype=np.uint8)).astype(np.int32)
    return int(np.cumsum(opened - closed).max())


def feature_names(schema: Schema) -> list[str]:
    """Return the features' names, or their positions if XGBoost forbids one of the names."""
    names = list(schema.features)
    if any(FORBIDDEN_IN_NAMES & set(name) for name in names):
        return [f"feature_{position}" for position in range(len(names))]
    return names


def feature_types(schema: Schema) -> list[str]:
    """Return XGBoost's type letter of each feature: c category, int whole, i indicator, q number."""
    letters = {FieldType.CATEGORY: "c", FieldType.INTEGER: "int", FieldType.BOOLEAN: "i"}
    return [letters.get(schema.inputs[name].type, "q") for name in schema.features]


@dataclass(frozen=True, eq=False)
class BoosterModel:
    """Predicts with a booster. Thread-safe: `inplace_predict` alone is, and nothing else is called."""

    schema: Schema
    reading: Reading
    booster: Booster
    rounds: tuple[int, int] = (0, 0)
    """Which boosting rounds count, half open; (0, 0) is all."""
    most_together: ClassVar[int] = 2048
    """Each record takes its own way through the trees, and meets them in the same order."""

    def predict(self, batch: Batch) -> Predictions:
        """Return the one output that the schema declares."""
        name, output = self.schema.target()
        return {name: self.reading.convert(self._raw(batch), output)}

    def _raw(self, batch: Batch) -> NDArray[Any]:
        if not len(batch):  # XGBoost loses the number of columns of nothing
            shape = (0, self.reading.width) if self.reading.width > 1 else (0,)
            return np.empty(shape, dtype=np.float32)
        raw: NDArray[Any] = self.booster.inplace_predict(
            batch.matrix(),
            iteration_range=self.rounds,
            predict_type="margin" if self.reading.margin else "value",
            validate_features=False,
        )
        return raw


class _Explainer:
    """A second booster for contributions: these lock and cache, and must not meet `inplace_predict`.

    It is read when first asked, because most services never are.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._lock = Lock()
        self._booster: Booster | None = None

    def contributions(self, batch: Batch) -> NDArray[Any]:
        """Return shape (n, outputs, features + 1); the last column is the bias."""
        xgboost = xgboost_library()

        data = xgboost.DMatrix(batch.matrix(), feature_types=feature_types(batch.schema), nthread=1)
        with self._lock:
            if self._booster is None:
                self._booster = read_booster(self.raw, "The model")
            return np.asarray(
                self._booster.predict(
                    data, pred_contribs=True, validate_features=False, strict_shape=True
                )
            )


@dataclass(frozen=True, eq=False)
class TrainedTrees:
    """What this package's own training made: a model that also says why."""

    model: BoosterModel
    explainer: _Explainer
    facts: dict[str, Any]

    most_together: ClassVar[int] = BoosterModel.most_together

    FILE = "model.ubj"
    FACTS = "training.json"

    @classmethod
    def of(
        cls, raw: bytes, schema: Schema, reading: Reading, facts: dict[str, Any]
    ) -> TrainedTrees:
        """Make the model from its UBJ bytes. Raises InvalidData if they cannot be read."""
        booster = read_booster(raw, cls.FILE)
        if booster.num_features() != len(schema.features):
            raise InvalidData(
                f"{cls.FILE} has {booster.num_features()} features, the schema {len(schema.features)}."
            )
        return cls(BoosterModel(schema, reading, booster), _Explainer(raw), facts)

    def predict(self, batch: Batch) -> Predictions:
        """Return probabilities of the classes or of true, or the expected number."""
        return self.model.predict(batch)

    def explain(self, batch: Batch) -> NDArray[Any]:
        """Return SHAP contributions (Lundberg and others, 2018) of shape (n, features).

        In the output's unit: the number itself, the probability of true, or that of each row's most
        likely class, to which `reasons` brings the contributions to its scores.
        """
        if not len(batch):
            return np.empty((0, len(batch.schema.features)))
        contributions = self.explainer.contributions(batch).astype(np.float64)
        usual, parts = contributions[:, :, -1], contributions[:, :, :-1]
        if self.model.reading.objective in EXPONENTIAL:
            return to_rates(usual[:, 0], parts[:, 0])
        return in_units(batch.schema.target()[1], usual, parts)

    def save(self, folder: Path) -> None:
        """Write the booster as UBJ and what is known about its training as JSON."""
        import msgspec

        (folder / self.FILE).write_bytes(self.explainer.raw)
        (folder / self.FACTS).write_bytes(msgspec.json.encode(self.facts))

    @classmethod
    def load(cls, folder: Path, schema: Schema, reading: Reading) -> TrainedTrees:
        """Read back what `save` wrote."""
        import msgspec

        raw = (folder / cls.FILE).read_bytes()
        facts = msgspec.json.decode((folder / cls.FACTS).read_bytes(), type=dict[str, Any])
        return cls.of(raw, schema, reading, facts)
