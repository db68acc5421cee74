"""Checks of what an algorithm answers: shape, repetition, batches, missing and unseen values."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva.algorithm import Explains, Predictions
from minerva.errors import InvalidData, InvalidInput, MinervaError
from minerva.layers.abstraction.serving.goldens import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE
from minerva.schema import Batch, FieldType
from minerva.testing.algorithm.case import Case
from minerva.testing.algorithm.data import Record, with_last_value_unseen, without
from minerva.testing.algorithm.fresh import ask_fresh
from minerva.testing.verdict import Broken, NotApplicable, raised

Outputs = Mapping[str, NDArray[Any]]

REFUSALS = (InvalidData, InvalidInput)


def answers_fit_the_output(case: Case) -> None:
    """Shape, range, NaN, probabilities; contributions, if the model explains."""
    batch = case.batch()
    case.outputs(case.model, batch)
    if isinstance(case.model, Explains):
        _check_contributions(case, case.model, batch)


def _check_contributions(case: Case, model: Explains, batch: Batch) -> None:
    wanted = (len(batch), len(case.schema.features))
    try:
        contributions = np.asarray(model.explain(batch))
    except (Exception, SystemExit) as error:
        raise raised("explain", error, case.home) from error
    if contributions.shape != wanted or not np.isfinite(contributions.astype(float)).all():
        raise Broken(
            f"explain returned shape {contributions.shape} or what is not finite, for {wanted[0]} "
            f"records of {wanted[1]} features.",
            "Return finite floats of shape (records, features), in the order of schema.features.",
        )


def trainings_repeat(case: Case) -> None:
    """Two trainings here, with other random states around them, and one in a fresh process."""
    mend = (
        "Take all chance from np.random.default_rng(context.seed), hand the seed to the library, and "
        "do not depend on the order of a set."
    )
    batch = case.batch()
    with other_chances(1):
        first = case.outputs(case.train(), batch)
    with other_chances(2):
        second = case.outputs(case.train(), batch)
    if found := difference(first, second):
        raise Broken(f"Two trainings with one seed differ: {found}.", mend)
    if found := difference(first, ask_fresh(case, "retrain")):
        raise Broken(f"A training in a fresh process differs: {found}.", mend)


@contextmanager
def other_chances(seed: int) -> Iterator[None]:
    """Put the global random states elsewhere for a while."""
    plain, numpys = random.getstate(), np.random.get_state()  # noqa: NPY002 - the state that careless plugins use
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - as above
    try:
        yield
    finally:
        random.setstate(plain)
        np.random.set_state(numpys)  # noqa: NPY002 - as above


def rows_are_answered_alone(case: Case) -> None:
    """None, one, many, and many in another order give the same answer to each record."""
    mend = "Let row i depend on record i only: no mean, rank, scaling or sorting across a batch in predict."
    batch = case.batch()
    whole = case.outputs(case.model, batch)
    alone = [case.outputs(case.model, batch.take(np.array([row]))) for row in range(len(batch))]
    joined = {name: np.concatenate([one[name] for one in alone]) for name in whole}
    if found := difference(joined, whole, "alone", "in a batch"):
        raise Broken(f"A batch of {len(batch)} changes an answer: {found}.", mend)
    if getattr(case.model, "most_together", 0) and not _equal(joined, whole):
        raise Broken(
            f"A batch of {len(batch)} changes the last digits of an answer.",
            "Leave out `most_together`: answers must be the same bit by bit with it.",
        )
    turned = case.outputs(case.model, batch.take(np.arange(len(batch))[::-1]))
    back = {name: column[::-1] for name, column in turned.items()}
    if found := difference(back, whole, "in reverse", "in a batch"):
        raise Broken(f"The order of a batch changes an answer: {found}.", mend)
    many = case.outputs(case.model, batch.take(np.arange(1000) % len(batch)))
    if found := difference({name: column[: len(batch)] for name, column in many.items()}, whole):
        raise Broken(f"A batch of 1000 changes an answer: {found}.", mend)


def _equal(one: Predictions, other: Predictions) -> bool:
    return all(np.array_equal(one[name], other[name], equal_nan=True) for name in one)


def an_empty_batch_is_answered(case: Case) -> None:
    """No records, no answers, no error."""
    model = case.model
    try:
        case.outputs(model, case.batch([]))
    except Broken as broken:
        raise Broken(
            f"An empty batch is not answered: {broken.what}",
            "Return empty arrays for no records, of the shape that they have for many.",
        ) from broken


def the_batch_is_left_alone(case: Case) -> None:
    """What is given to predict is the same afterwards: others look at it too."""
    batch = case.batch()
    case.outputs(case.model, batch)
    for name, column in case.batch().columns.items():
        after = batch.columns[name]
        same = after.shape == column.shape and all(map(_same, after.tolist(), column.tolist()))
        if not same:
            raise Broken(
                f"predict changed column {name!r} of the batch that it was given.",
                "Work on a copy: batch[name].copy() or batch.matrix().",
            )


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - NaN is the one value that differs from itself


def missing_values_are_answered(case: Case) -> list[str]:
    """Learns and answers with holes in every nullable field, or refuses them with InvalidData."""
    nullable = [name for name in case.schema.features if case.schema.inputs[name].nullable]
    if not nullable:
        raise NotApplicable("no input is nullable")
    asked, model = list(case.asked), case.model
    holes = [without(asked, [name]) for name in nullable] + [without(asked, nullable)]
    mend = (
        "Fill holes (NaN, None, -1 in a category) in train and predict alike, or refuse them with "
        "minerva.InvalidData."
    )
    with _explained("With missing values", mend):
        refused = [_answered(case, model, records) for records in holes]
        try:
            learnt = case.try_to_train(without(case.records, nullable, lambda row: row % 3 == 0))
        except MinervaError:
            return [
                "It refuses to learn from missing values: no input of its services is nullable."
            ]
        refused += [_answered(case, learnt, records) for records in holes]
    if all(refused):
        return []
    return ["It refuses to answer missing values: no input of its services should be nullable."]


def _answered(case: Case, model: Any, records: Sequence[Record]) -> bool:
    """Whether the records are answered rather than refused in words. Raises Broken otherwise."""
    try:
        case.try_to_ask(model, case.batch(records))
    except REFUSALS:
        return False
    except MinervaError as error:
        raise raised("predict", error, case.home) from error
    return True


def unseen_categories_are_answered(case: Case) -> None:
    """Values that the schema allows but no training row had, of inputs and of the output."""
    inputs = [one for one in case.schema.inputs.values() if one.use]
    fields = [*inputs, *case.schema.output.values()]
    if not any(field.type is FieldType.CATEGORY for field in fields):
        raise NotApplicable("the schema has no category")
    mend = "Count with len(field.values), not with the values that training saw."
    for part, what in (("inputs", "input"), ("output", "output")):
        with _explained(f"With a value of an {what} that no training row had", mend):
            records = with_last_value_unseen(case.schema, case.records, part)
            try:
                model = case.try_to_train(records)
            except MinervaError:
                continue  # an honest refusal
            case.outputs(model, case.batch())


@contextmanager
def _explained(when: str, mend: str) -> Iterator[None]:
    """Say under which circumstances something broke, and how to mend just that."""
    try:
        yield
    except Broken as broken:
        raise Broken(f"{when}: {broken.what}", mend) from broken


def difference(
    one: Outputs, other: Outputs, first: str = "first", second: str = "then"
) -> str | None:
    """Say where two answers to the same records differ by more than roundings; None: nowhere."""
    for name in one:
        left, right = np.asarray(one[name], dtype=float), np.asarray(other[name], dtype=float)
        if left.shape != right.shape:
            return f"output {name!r} has shape {left.shape} {first}, {right.shape} {second}"
        equal = np.isclose(left, right, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE)
        if not equal.all():
            row, *inner = (int(place[0]) for place in np.nonzero(~equal))
            place = (row, *inner)
            return (
                f"record {row} is {left[place]:.6g} {first}, {right[place]:.6g} {second} "
                f"(output {name!r})"
            )
    return None
