"""Plugins are told of a training, whichever way it ends."""

import pytest

from minerva.errors import InvalidData
from minerva.events import Training
from minerva.layers.abstraction.callbacks.tell import nobody
from minerva.layers.abstraction.callbacks.training import around_training

TRAINING = Training(
    tenant="default", service="s", algorithm="mean", configuration_revision=1, author="ann"
)
MADE = {"version": 3, "metrics": {"rmse": 1.0}, "promoted": True, "verdict": "passes.", "rows": 5}


@pytest.fixture
def told():
    """What was told, in order; called as `Tell` is."""

    class Told(list):
        def __call__(self, hook, /, **facts):
            self.append((hook, facts))

    return Told()


def test_a_training_is_told_of_before_and_after(told):
    assert around_training(told, TRAINING, lambda: MADE) is MADE

    (before, began), (after, ended) = told
    assert (before, after) == ("minerva_before_train", "minerva_after_train")
    assert began == {"training": TRAINING}
    assert ended["training"] is TRAINING
    result = ended["result"]
    assert (result.version, result.promoted, result.verdict) == (3, True, "passes.")
    assert (result.metrics, result.code) == ({"rmse": 1.0}, None)
    assert result.seconds >= 0


@pytest.mark.parametrize(
    ("error", "code"), [(InvalidData("No."), "invalid_data"), (SystemExit(1), "internal")]
)
def test_one_that_fails_is_told_of_with_the_code_of_its_error(told, error, code):
    def fail():
        raise error

    with pytest.raises(type(error)):
        around_training(told, TRAINING, fail)

    assert [hook for hook, _ in told] == ["minerva_before_train", "minerva_after_train"]
    assert (told[1][1]["result"].version, told[1][1]["result"].code) == (None, code)


def test_nobody_need_listen():
    assert around_training(nobody, TRAINING, lambda: MADE) is MADE
