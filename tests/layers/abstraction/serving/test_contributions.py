"""Shapley values of any model, sampled by asking it."""

import numpy as np
import pytest

from minerva.errors import InvalidInput
from minerva.layers.abstraction.serving.contributions import (
    MOST_RECORDS,
    Background,
    contributions,
)
from minerva.schema import Decoder, Schema

INPUTS = {
    "a": {"type": "number"},
    "b": {"type": "number"},
    "plan": {"type": "category", "values": ["tin", "gold"]},
    "note": {"type": "text"},
}


def decoder_of(output):
    """Return a decoder of four fields, one of each kind, and one output."""
    return Decoder(Schema.parse({"key": "id", "inputs": INPUTS, "output": {"y": output}}))


NUMBER = decoder_of({"type": "number"})
CLASSES = decoder_of({"type": "category", "values": ["no", "maybe", "yes"]})
TRUTH = decoder_of({"type": "boolean"})


def records(count, decoder=NUMBER, start=0):
    """Return records whose fields have nothing to do with each other."""
    return decoder.records(
        [
            {
                "id": n,
                "a": float(n % 5) - 1,
                "b": float(n % 3) / 2,
                "plan": ("tin", "gold")[n % 2],
                "note": "x" * (n % 4),
            }
            for n in range(start, start + count)
        ]
    )


class Model:
    """Answers by a function of a batch's columns."""

    def __init__(self, function):
        self.function = function

    def predict(self, batch):
        """Satisfy `Model`."""
        long = np.array([len(text) for text in batch["note"]], float)
        return {"y": self.function(batch["a"], batch["b"], batch["plan"].astype(float), long)}

    def save(self, folder):
        """Satisfy `Model`."""


ADDING = Model(lambda a, b, plan, long: 3 * a - 2 * b + 10 * plan + long + 7)
TANGLED = Model(lambda a, b, plan, long: np.sin(a * b) + plan * long * a)


def usual(model, background):
    """Return the mean answer over the background."""
    return model.predict(background)["y"].mean(axis=0)


@pytest.mark.parametrize("model", [ADDING, TANGLED])
def test_contributions_add_up_to_the_answer_less_the_usual_one(model):
    background, asked = records(16), records(4, start=20)

    told = contributions(model, background, asked)

    expected = model.predict(asked)["y"] - usual(model, background)
    assert told.shape == (4, 4)
    np.testing.assert_allclose(told.sum(axis=1), expected, atol=1e-12)


def test_where_fields_add_up_each_contribution_is_exact():
    background, asked = records(16), records(3, start=21)

    told = contributions(ADDING, background, asked)

    np.testing.assert_allclose(told[:, 0], 3 * (asked["a"] - background["a"].mean()), atol=1e-12)
    np.testing.assert_allclose(told[:, 1], -2 * (asked["b"] - background["b"].mean()), atol=1e-12)


def test_a_field_that_no_answer_depends_on_contributes_nothing():
    model = Model(lambda a, b, plan, long: a * plan)

    told = contributions(model, records(16), records(5, start=20))

    assert not told[:, [1, 3]].any()
    assert told[:, 0].any()


def test_what_two_fields_do_together_is_shared_between_them():
    alone = Model(lambda a, b, plan, long: a * b)
    background, asked = records(16), records(1, start=23)

    told = contributions(alone, background, asked)[0]

    a, b = asked["a"][0], asked["b"][0]
    others_a, others_b = background["a"], background["b"]
    first = ((a - others_a) * others_b + (a - others_a) * b).mean() / 2
    assert told[0] == pytest.approx(first)
    assert told[1] == pytest.approx(((b - others_b) * others_a + (b - others_b) * a).mean() / 2)


def test_the_same_record_is_explained_alike_whatever_it_is_asked_with():
    background = records(16)
    together = contributions(TANGLED, background, records(6, start=20))
    alone = contributions(TANGLED, background, records(1, start=22))

    np.testing.assert_array_equal(together[2], alone[0])


def test_of_classes_the_chance_of_the_most_likely_one_is_explained():
    def chances(a, b, plan, long):
        scores = np.stack([a, b + plan, long], axis=1)
        return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)

    model, background = Model(chances), records(16, CLASSES)
    asked = records(5, CLASSES, start=20)

    told = contributions(model, background, asked)

    answers = model.predict(asked)["y"]
    chosen = answers.argmax(axis=1)
    expected = answers[np.arange(5), chosen] - usual(model, background)[chosen]
    np.testing.assert_allclose(told.sum(axis=1), expected, atol=1e-12)


def test_of_classes_without_chances_it_is_explained_why_this_one():
    model = Model(lambda a, b, plan, long: np.where(plan > 0, 2, 0))
    background, asked = records(16, CLASSES), records(2, CLASSES, start=20)

    told = contributions(model, background, asked)

    np.testing.assert_allclose(told.sum(axis=1), [0.5, 0.5])
    assert not told[:, [0, 1, 3]].any()


def test_of_numbers_that_are_names_it_is_explained_why_this_one():
    model = Model(lambda a, b, plan, long: np.where(plan > 0, 7, 3))

    told = contributions(model, records(16), records(2, start=20), labels=True)

    np.testing.assert_allclose(told.sum(axis=1), [0.5, 0.5])


def test_of_true_and_false_the_chance_of_true_is_explained():
    model = Model(lambda a, b, plan, long: 1 / (1 + np.exp(-a - plan)))
    background, asked = records(16, TRUTH), records(2, TRUTH, start=20)

    told = contributions(model, background, asked)

    expected = model.predict(asked)["y"] - usual(model, background)
    np.testing.assert_allclose(told.sum(axis=1), expected, atol=1e-12)


def test_nobody_asks_for_more_than_can_be_explained():
    with pytest.raises(InvalidInput, match="1,000 records at once at most"):
        contributions(ADDING, records(16), records(MOST_RECORDS + 1))


def test_a_version_without_goldens_has_no_background(tmp_path):
    assert Background(tmp_path, NUMBER).records() is None
