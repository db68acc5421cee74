"""`sklearn.model`: a scikit-learn estimator or pipeline, saved with skops.

It is asked with a DataFrame where it was fitted with one, else with an array in the schema's order.
Categories are handed over as their values, unless `categories` says `index`, or `pandas` for an estimator
that wants pandas categoricals. Reading a skops file runs no code but scikit-learn's and that of the types
in `trusted`; pickle and joblib files can run anything, and are read only where the service allows it.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    Inspected,
    InvalidConfiguration,
    InvalidData,
    Parameters,
    Predictions,
    Schema,
    TrainingContext,
    TrainingData,
    hookimpl,
)
from minerva.layers.application.models.answering import Answer, answer_of
from minerva.layers.application.models.encoding import (
    features_of,
    has_texts,
    matrix,
    numbers,
    values,
)
from minerva.layers.application.models.libraries import library
from minerva.layers.application.models.sklearn_estimator import described_inputs, described_output
from minerva.layers.application.models.sklearn_file import is_pickle, is_skops, read_estimator
from minerva.layers.application.models.trial import try_out
from minerva.layers.application.models.workspace_file import find

FILES = {True: "model.skops", False: "model.pkl"}
Handed = Literal["value", "index", "pandas"]


class SklearnParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `sklearn.model`."""

    path: Annotated[
        str, msgspec.Meta(min_length=1, description="Model file, .skops, in the workspace")
    ]
    categories: Annotated[
        Handed,
        msgspec.Meta(description="Hand categories over as value, index, or pandas categorical"),
    ] = "value"
    trusted: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Types in a skops file that may be built, beside scikit-learn's own"
        ),
    ] = ()


@dataclass(frozen=True, eq=False)
class SklearnModel:
    """A checked estimator; scikit-learn's predictions do not change it."""

    estimator: Any
    features: tuple[str, ...]
    framed: bool
    answer: Answer
    categories: Handed
    source: Path

    def predict(self, batch: Batch) -> Predictions:
        """Return probabilities of the classes or of true, or the expected number."""
        if not len(batch):  # scikit-learn refuses nothing
            return {self.answer.name: self.answer.none()}
        rows = self._frame(batch) if self.framed else self._array(batch)
        if self.answer.numeric:
            told = np.asarray(self.estimator.predict(rows))
        elif hasattr(self.estimator, "predict_proba"):
            told = np.asarray(self.estimator.predict_proba(rows))
        else:
            labels = np.asarray(self.estimator.predict(rows))
            return {self.answer.name: self.answer.from_positions(self._positions(labels))}
        return {self.answer.name: self.answer.from_scores(told)}

    def save(self, folder: Path) -> None:
        """Copy the file as it was brought."""
        shutil.copyfile(self.source, folder / FILES[is_skops(self.source)])

    def _positions(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Return where each label stands among the classes; scikit-learn sorts these."""
        return np.searchsorted(self.estimator.classes_, labels)

    def _frame(self, batch: Batch) -> Any:
        pandas = library("pandas", "sklearn")
        whole = batch.to_pandas() if self.categories == "pandas" else None
        columns = {
            name: self._column(batch, name) if whole is None else whole[name]
            for name in self.features
        }
        return pandas.DataFrame(columns)

    def _column(self, batch: Batch, name: str) -> NDArray[Any]:
        if self.categories == "index" and batch.schema.inputs[name].values:
            return numbers(batch, name, "index")
        column = values(batch, name)
        if column.dtype == object:  # pandas and scikit-learn say NaN where a text is missing
            return np.array([np.nan if one is None else one for one in column], dtype=object)
        return column

    def _array(self, batch: Batch) -> NDArray[Any]:
        fields = [batch.schema.inputs[name] for name in self.features]
        texts = any(field.type.value == "text" or has_texts(field) for field in fields)
        if self.categories == "value" and texts:
            columns = [self._column(batch, name).astype(object) for name in self.features]
            return np.stack(columns, axis=1)
        categories: Literal["index", "value"] = "value" if self.categories == "value" else "index"
        return matrix(batch, self.features, categories, np.float64)


class Sklearn(Algorithm):
    """A trained scikit-learn estimator or pipeline brought as a skops file."""

    name = "sklearn.model"
    Parameters = SklearnParameters
    needs_data = False

    def train(self, data: TrainingData, context: TrainingContext) -> SklearnModel:
        """Read and check the file; nothing is learnt."""
        del data
        return _imported(find(context.parameters.path, context.workspace), context)

    def load(self, folder: Path, context: Context) -> SklearnModel:
        """Read the copy that `save` made."""
        return _imported(
            next(p for p in map(folder.joinpath, FILES.values()) if p.exists()), context
        )

    def recognises(self, path: Path) -> bool:
        """Tell a zip with skops' own list of contents, or the first bytes of a pickle."""
        return is_skops(path) or is_pickle(path)

    def inspect(self, path: Path, context: Context | None) -> Inspected:
        """Tell features, the categories that its encoders learnt, and its classes."""
        given = getattr(context, "parameters", None)
        read = read_estimator(
            path,
            getattr(given, "trusted", ()),
            allow_pickle=context is not None and context.allow_pickle,
        )
        inputs, parameters, notes = described_inputs(read.estimator)
        output, said = described_output(read.estimator, path.name)
        return Inspected(
            inputs=inputs, output=output, parameters=parameters, notes=[*notes, *said, *read.notes]
        )


@hookimpl
def minerva_algorithms() -> Iterable[Algorithm]:
    """Bring the algorithm; scikit-learn itself is imported when it works."""
    return [Sklearn()]


def _imported(path: Path, context: Context) -> SklearnModel:
    wanted, schema = context.parameters, context.schema
    read = read_estimator(path, wanted.trusted, allow_pickle=context.allow_pickle)
    estimator = read.estimator
    named = getattr(estimator, "feature_names_in_", None)
    names = None if named is None else [str(name) for name in named]
    count = int(getattr(estimator, "n_features_in_", len(schema.features)))
    features = features_of(names, count, schema, path.name)
    if wanted.categories == "pandas" and names is None:
        raise InvalidConfiguration(
            f"{path.name} was not fitted with a DataFrame: it cannot want pandas categoricals."
        )
    answer = _answer(estimator, schema, path.name)
    model = SklearnModel(estimator, features, names is not None, answer, wanted.categories, path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try_out(model, schema, path.name)
    return model


def _answer(estimator: Any, schema: Schema, file: str) -> Answer:
    if not hasattr(estimator, "predict"):
        raise InvalidData(f"{file} holds a {type(estimator).__name__}, which predicts nothing.")
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return answer_of(schema, 0, file)
    if isinstance(classes, list):
        raise InvalidConfiguration(f"{file} gives several outputs at once, which is not supported.")
    return answer_of(schema, list(classes), file)
