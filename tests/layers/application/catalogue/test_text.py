"""`text.classifier` tells texts apart by their words."""

import random
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from minerva import InvalidConfiguration, InvalidData, TrainingContext, TrainingData
from minerva.layers.application.catalogue.text import TextClassifier, TextParameters
from minerva.schema import Decoder, Schema
from minerva.testing import AlgorithmContract

TOPICS = {
    "billing": ["invoice", "refund", "charged twice", "credit card", "price"],
    "login": ["password", "locked out", "sign in", "reset", "two factor"],
    "delivery": ["parcel", "late", "courier", "address", "tracking"],
}
FILLERS = ["hello", "please", "I have", "today", "thanks", "why is", "the", "my account"]
DECLARED = {
    "inputs": {"subject": {"type": "text", "nullable": True}, "message": {"type": "text"}},
    "output": {"topic": {"type": "category", "values": [*TOPICS, "other"]}},
}
SCHEMA = Schema.parse(DECLARED)


def letters(count, seed=0):
    """Return records whose topic decides some of the words."""
    chance = random.Random(seed)
    found = []
    for _ in range(count):
        topic = chance.choice([*TOPICS])
        words = chance.sample(FILLERS, 4) + chance.sample(TOPICS[topic], 2)
        chance.shuffle(words)
        record = {"subject": chance.choice([None, "Help"]), "message": " ".join(words)}
        found.append({**record, "topic": topic})
    return found


def data(records, schema=SCHEMA):
    """Return records with their topics as training data."""
    inputs = [{name: one[name] for name in schema.inputs} for one in records]
    topics = schema.output["topic"].values
    codes = np.array([topics.index(one["topic"]) for one in records], np.int32)
    return TrainingData(Decoder(schema).records(inputs), {"topic": codes})


def learnt(records, schema=SCHEMA, **parameters):
    context = TrainingContext(schema, TextParameters(**parameters), Path())
    return TextClassifier().train(data(records, schema), context)


class TestContract(AlgorithmContract):
    algorithm = TextClassifier()
    schema = DECLARED
    data = letters(120)


def test_topics_are_told_apart_and_one_that_never_occurred_has_no_chance():
    model, asked = learnt(letters(200)), data(letters(100, seed=1))

    chances = model.predict(asked.inputs)["topic"]

    assert (chances.argmax(axis=1) == asked.target()).mean() > 0.95
    assert (chances[:, 3] == 0).all()


def test_the_answers_are_those_of_scikit_learn():
    asked = data(letters(50, seed=1)).inputs
    texts = ["\n".join((one["subject"] or "", one["message"])) for one in letters(200)]
    theirs = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    weights = LogisticRegression(C=10, max_iter=1000)
    weights.fit(theirs.fit_transform(texts), data(letters(200)).target())

    told = learnt(letters(200)).predict(asked)["topic"][:, :3]

    asked_texts = [
        "\n".join((s or "", m)) for s, m in zip(asked["subject"], asked["message"], strict=True)
    ]
    expected = weights.predict_proba(theirs.transform(asked_texts))
    assert told == pytest.approx(expected, abs=1e-6)


def test_a_text_of_unknown_words_is_answered_by_how_frequent_topics_are():
    records = [{"subject": None, "message": "qqq zzz"}, {"subject": None, "message": ""}]

    chances = learnt(letters(200)).predict(Decoder(SCHEMA).records(records))["topic"]

    assert chances[0] == pytest.approx(chances[1])
    assert chances[0, :3] == pytest.approx(1 / 3, abs=0.15)


def test_other_fields_are_named():
    inputs = {**DECLARED["inputs"], "age": {"type": "number"}}

    with pytest.raises(InvalidConfiguration) as caught:
        learnt([], Schema.parse({**DECLARED, "inputs": inputs}))

    assert [fault.where for fault in caught.value.faults] == ["/schema/inputs/age"]


def test_texts_that_share_no_word_teach_nothing():
    records = [
        {"subject": None, "message": f"word{n}", "topic": [*TOPICS][n % 3]} for n in range(30)
    ]

    with pytest.raises(InvalidData, match="lower `rarest`"):
        learnt(records)
