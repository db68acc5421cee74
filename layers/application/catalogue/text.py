"""`text.classifier`: which class a text is of, by its words.

Words and pairs of words, weighted by how rare they are (tf-idf: Salton, Buckley, Term-weighting approaches
in automatic text retrieval, 1988), and a weight for each of them (logistic regression).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from minerva import (
    Algorithm,
    Batch,
    Context,
    FieldType,
    InvalidConfiguration,
    InvalidData,
    Parameters,
    Predictions,
    Schema,
    TrainingContext,
    TrainingData,
)
from minerva.errors import Fault
from minerva.layers.application.catalogue.arrays import load_arrays, save_arrays
from minerva.layers.application.catalogue.supervised import (
    CLASSIFICATION,
    few_threads,
    sigmoid_pair,
    sklearn,
    softmax,
)
from minerva.layers.application.truth import Classes, the_output, told

WORD = re.compile(r"\b\w{2,40}\b")
"""Longer ones are no words, and each kept one takes as much memory as the longest."""


class TextParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `text.classifier`."""

    penalty: Annotated[
        float, Meta(gt=0, le=1e9, description="How strongly large weights are held back (ridge)")
    ] = 0.1
    pairs: Annotated[bool, Meta(description="Whether two words side by side count, too")] = True
    rarest: Annotated[
        int, Meta(ge=1, le=1000, description="Least texts that a word must be in to count")
    ] = 2
    max_words: Annotated[
        int,
        Meta(ge=10, le=1_000_000, description="Most words that are kept, the most frequent ones"),
    ] = 20_000
    max_rounds: Annotated[int, Meta(ge=1, le=100_000, description="Most rounds of improving")] = (
        1000
    )


@dataclass(frozen=True, eq=False)
class TextModel:
    """A weight for each word and class."""

    context: Context
    arrays: Mapping[str, NDArray[Any]]
    places: Mapping[str, int]
    """Word → its row."""

    @classmethod
    def of(cls, context: Context, arrays: Mapping[str, NDArray[Any]]) -> TextModel:
        """Return the model that arrays are. Raises InvalidData if they do not belong together."""
        words = arrays["words"].tolist()
        if not len(words) == len(arrays["rarity"]) == len(arrays["weights"]):
            raise InvalidData("The model's files are damaged.")
        return cls(context, arrays, {word: at for at, word in enumerate(words)})

    def predict(self, batch: Batch) -> Predictions:
        """Satisfy `Model`."""
        name, field = self.context.schema.target()
        scores = np.array([self._scores(text) for text in documents(batch)])
        scores = scores.reshape(len(batch), -1) if len(batch) else np.zeros((0, self._width))
        chances = sigmoid_pair(scores[:, 0]) if self._width == 1 else softmax(scores)
        return {name: told(field, self.arrays["classes"], chances)}

    def save(self, folder: Path) -> None:
        """Satisfy `Model`."""
        save_arrays(folder, self.arrays, {"algorithm": TextClassifier.name})

    @property
    def _width(self) -> int:
        return int(self.arrays["weights"].shape[1])

    def _scores(self, text: str) -> NDArray[np.float64]:
        counts = Counter(tokens(text, pairs=bool(self.arrays["pairs"][0])))
        known = sorted((self.places[word], n) for word, n in counts.items() if word in self.places)
        start: NDArray[np.float64] = self.arrays["start"]
        if not known:
            return start
        rows, often = np.array(known).T
        values = (1 + np.log(often)) * self.arrays["rarity"][rows]
        scores = values @ self.arrays["weights"][rows] / np.sqrt(values @ values)
        return np.asarray(scores + start, np.float64)


class TextClassifier(Algorithm):
    """Which class a text is of, by its words and pairs of words."""

    name = "text.classifier"
    example = "examples/catalogue/services/reviews-text.yaml"
    problem = CLASSIFICATION
    runtime = "inline"
    Parameters = TextParameters
    search_space = {"penalty": {"low": 0.001, "high": 10.0, "log": True}}  # noqa: RUF012 - nobody changes it

    def train(self, data: TrainingData, context: TrainingContext) -> TextModel:
        """Learn. Raises InvalidData, or InvalidConfiguration for other fields than texts."""
        _check(context.schema)
        if not len(data):
            raise InvalidData("The training data has no rows.")
        classes, wanted = Classes.of(data), context.parameters
        vectorizer = sklearn("feature_extraction.text").TfidfVectorizer(
            analyzer=lambda text: [*tokens(text, pairs=wanted.pairs)],
            min_df=min(wanted.rarest, len(data)),
            max_features=wanted.max_words,
            sublinear_tf=True,
        )
        try:
            seen = vectorizer.fit_transform(documents(data.inputs))
        except ValueError as error:
            raise InvalidData(f"No word is in {wanted.rarest} texts: lower `rarest`.") from error
        logistic = sklearn("linear_model").LogisticRegression(
            C=1 / wanted.penalty, max_iter=wanted.max_rounds
        )
        with few_threads(seen, context):
            logistic.fit(seen, classes.labels)
        arrays = {
            "words": np.array(vectorizer.get_feature_names_out(), dtype=str),
            "rarity": vectorizer.idf_,
            "weights": logistic.coef_.T,
            "start": logistic.intercept_,
            "classes": classes.present,
            "pairs": np.array([wanted.pairs]),
        }
        return TextModel.of(context, arrays)

    def load(self, folder: Path, context: Context) -> TextModel:
        """Read back what `save` wrote."""
        _check(context.schema)
        arrays, _ = load_arrays(folder)
        return TextModel.of(context, arrays)


def documents(batch: Batch) -> list[str]:
    """Return the texts of each record, one after the other; a missing one is empty."""
    columns = [batch[name].tolist() for name in batch.schema.features]
    return ["\n".join(text or "" for text in row) for row in zip(*columns, strict=True)]


def tokens(text: str, *, pairs: bool) -> Iterator[str]:
    """Give the words of two to forty letters in small letters, then those side by side."""
    words: Sequence[str] = WORD.findall(text.lower())
    yield from words
    if pairs:
        yield from map(" ".join, pairwise(words))


def _check(schema: Schema) -> None:
    the_output(schema, TextClassifier.name, number=False)
    others = [name for name in schema.features if schema.inputs[name].type is not FieldType.TEXT]
    if others:
        raise InvalidConfiguration(
            "text.classifier learns from texts alone: set `use: false` on other inputs.",
            faults=[Fault(f"/schema/inputs/{name}", "is no text") for name in others],
        )
    if not schema.features:
        raise InvalidConfiguration("Every input has `use: false`: there is nothing to learn from.")
