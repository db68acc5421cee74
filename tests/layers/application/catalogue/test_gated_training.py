"""What PyTorch has learnt is answered by numpy alike, and ends when nothing gains."""

from pathlib import Path

import numpy as np
import pytest
import torch

from minerva import TrainingContext
from minerva.layers.application.catalogue import gated, gated_training
from minerva.layers.application.catalogue.gated_training import Effort
from minerva.schema import Schema

SCHEMA = Schema.parse({"inputs": {"x": {"type": "number"}}, "output": {"y": {"type": "number"}}})
CHANCE = np.random.default_rng(0)
STEPS = CHANCE.normal(size=(300, 6, 3)).astype(np.float32)
TRUTH = STEPS[:, 0, 0] - STEPS[:, 5, 1]
NONE, LAST_FIFTH = np.zeros(300, dtype=bool), np.arange(300) >= 240


def context_of(seed=3, **heard):
    return TrainingContext(SCHEMA, None, Path(), seed=seed, **heard)


def learnt(passes=3, judged=LAST_FIFTH, truth=TRUTH, context=None, **effort):
    wanted = Effort(**{"units": 8, "outputs": 1, "passes": passes, "rate": 0.01, **effort})
    return gated_training.learnt(STEPS, truth, judged, wanted, "squared", context or context_of())


def of_torch(weights, steps):
    """What PyTorch's own layers answer with the weights, shape (n, outputs)."""
    width, units = len(weights["given"]), len(weights["held"])
    unit = torch.nn.GRU(width, units, batch_first=True).double()
    out = torch.nn.Linear(units, weights["out"].shape[1]).double()
    for layer, named in (
        (unit, {"weight_ih_l0": "given", "weight_hh_l0": "held", "bias_ih_l0": "given_start",
                "bias_hh_l0": "held_start"}),
        (out, {"weight": "out", "bias": "start"}),
    ):  # fmt: skip
        layer.load_state_dict(
            {n: torch.from_numpy(weights[one].T.copy()) for n, one in named.items()}
        )
    with torch.inference_mode():
        return out(unit(torch.from_numpy(steps.astype(np.float64)))[0][:, -1]).numpy()


def test_numpy_answers_as_pytorch_does():
    weights = learnt(passes=5)

    answer = gated.told(weights, gated.last_held(weights, STEPS))

    assert answer.std() > 0.1  # it tells something
    assert answer == pytest.approx(of_torch(weights, STEPS), abs=1e-5)


def test_first_and_last_steps_are_learnt_from():
    weights = learnt(passes=60)

    answer = gated.told(weights, gated.last_held(weights, STEPS))[:, 0]

    error = ((answer - TRUTH)[LAST_FIFTH] ** 2).mean()
    assert error < 0.3 * TRUTH[LAST_FIFTH].var()


def test_it_ends_when_the_judged_rows_gain_nothing():
    heard = []
    noise = np.random.default_rng(1).normal(size=300).astype(np.float32)
    context = context_of(progress=lambda share, message="": heard.append(share))

    learnt(passes=200, truth=noise, context=context, patience=3)

    assert len(heard) < 100


def test_a_tuning_hears_the_loss_of_judged_rows_only():
    heard = []
    context = context_of(report=lambda step, loss: heard.append((step, loss)))

    learnt(passes=4, context=context)
    assert [step for step, _ in heard] == [25, 50, 75, 100]

    heard.clear()
    learnt(passes=4, judged=NONE, context=context)
    assert heard == []


def test_the_weights_are_those_that_judged_rows_liked_best():
    heard = []

    weights = learnt(
        passes=30, context=context_of(report=lambda step, loss: heard.append(loss)), rate=0.3
    )

    answer = gated.told(weights, gated.last_held(weights, STEPS))[:, 0]
    error = ((answer - TRUTH)[LAST_FIFTH] ** 2).mean()
    assert error == pytest.approx(min(heard), rel=1e-4)
    assert heard == sorted(heard, reverse=True)


def test_the_seed_alone_decides_and_pytorch_is_left_as_it_was():
    torch.manual_seed(11)
    threads, state = torch.get_num_threads(), torch.get_rng_state()

    first = learnt()
    torch.manual_seed(12)
    second, other = learnt(), learnt(context=context_of(seed=4))

    assert all((first[name] == second[name]).all() for name in first)
    assert (first["held"] != other["held"]).any()
    assert torch.get_num_threads() == threads
    torch.manual_seed(11)
    assert (torch.get_rng_state() == state).all()


def test_a_value_that_is_not_known_counts_for_nothing():
    said, given = torch.zeros(1, 2, 1), torch.tensor([[[1.0], [2.0]]])

    assert float(gated_training.next_value(said, given, torch.tensor([[4.0, float("nan")]]))) == 9
    nothing = torch.full((1, 2), float("nan"))
    assert float(gated_training.next_value(said, given, nothing)) == 0


def test_nothing_is_learnt_from_nothing():
    weights = gated_training.learnt(
        np.empty((0, 4, 1)), np.empty((0, 4)), np.empty(0, bool),
        Effort(units=4, outputs=1, passes=3, rate=0.1), "next_value", context_of(),
    )  # fmt: skip

    assert weights["given"].shape == (1, 12)
    assert not weights["out"].any()
