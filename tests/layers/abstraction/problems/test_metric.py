"""Metrics: each has one meaning and one direction, and belongs to some kind of problem."""

import pytest

from minerva.layers.abstraction.problems.kinds import KINDS
from minerva.layers.abstraction.problems.metric import METRICS, is_better
from minerva.schema import Field, FieldType


def test_less_is_better_of_losses_and_more_of_the_others():
    assert is_better("roc_auc", 0.8, 0.7)
    assert not is_better("roc_auc", 0.8, 0.8)
    assert is_better("log_loss", 0.3, 0.4)
    assert not is_better("log_loss", 0.39, 0.4, margin=0.02)


def test_every_metric_belongs_to_a_kind_of_problem_and_every_kind_has_known_ones():
    fields = [Field(type=one) for one in (FieldType.NUMBER, FieldType.BOOLEAN)]

    known = {name for kind in KINDS.values() for field in fields for name in kind.metrics(field)}
    assert known == set(METRICS)


@pytest.mark.parametrize("name", KINDS)
def test_a_model_is_compared_with_a_simple_answer_by_a_metric_that_it_has(name):
    kind, field = KINDS[name], Field(type=FieldType.NUMBER)

    assert kind.telling(field)
    assert set(kind.telling(field)) <= set(kind.metrics(field))
    assert "random" in kind.ways or kind.roles
