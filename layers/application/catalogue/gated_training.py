"""How a gated recurrent unit learns: PyTorch, Adam (Kingma, Ba, 2015), and an end when nothing gains.

PyTorch is imported when something is learnt and at no other time; what it learnt is returned as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import TrainingContext
from minerva.layers.application.catalogue.supervised import Learnt
from minerva.layers.application.models.libraries import library

JUDGED_AT_ONCE = 1024
LONGEST = 1.0
"""Slopes that are longer are shortened to it, else one window could throw the weights far away."""

Loss = Callable[[Any, Any, Any], Any]
"""From what is told at each step (n, steps, outputs), what was given (n, steps, width) and what is wanted,
as tensors, to a tensor of one number."""


@dataclass(frozen=True)
class Effort:
    """How large the network is, and how it learns."""

    units: int
    outputs: int
    passes: int
    rate: float
    penalty: float = 0.0
    batch: int = 64
    """Rows that the weights move by at once."""
    patience: int = 15
    """Passes without a gain that end it."""


def learnt(
    given: NDArray[Any],
    wanted: NDArray[Any],
    judged: NDArray[np.bool_],
    effort: Effort,
    loss: str,
    context: TrainingContext,
) -> Learnt:
    """Return the weights that were best on the judged rows, on all if there are none; as `gated.Weights`.

    `given` has shape (n, steps, width), `wanted` as its loss in `LOSSES` wants it, `judged` (n,). Raises
    InvalidConfiguration where PyTorch is not installed.
    """
    torch = library("torch", "torch", "PyTorch")
    with _alone(torch, context.seed):
        network = _Network(torch, given.shape[2], effort)
        if not len(given):
            return network.arrays()
        rows = torch.from_numpy(np.ascontiguousarray(given, np.float32))
        truth = torch.from_numpy(np.ascontiguousarray(wanted))
        of = np.flatnonzero(judged if judged.any() else ~judged)
        chance, order = np.random.default_rng(context.seed), np.flatnonzero(~judged)
        best, least, waited = network.arrays(), np.inf, 0
        for pass_ in range(effort.passes):
            for some in _batches(chance.permutation(order), effort.batch):
                network.move(rows[some], truth[some], LOSSES[loss])
            lost = network.lost(rows, truth, of, LOSSES[loss])
            waited = 0 if lost < least else waited + 1
            if not waited:
                best, least = network.arrays(), lost
            if waited >= effort.patience:
                break
            share = (pass_ + 1) / effort.passes
            context.progress(share)
            if judged.any():
                context.report(int(100 * share), least)
        return best


def squared(said: Any, given: Any, wanted: Any) -> Any:  # noqa: ARG001 - each loss is given the same
    """Return the mean squared error of the last step; `wanted` has shape (n,), floats."""
    return ((said[:, -1, 0] - wanted) ** 2).mean()


def surprise(said: Any, given: Any, wanted: Any) -> Any:  # noqa: ARG001 - as above
    """Return the mean surprise at the class, told at the last step; `wanted` has shape (n,), indices."""
    return -said[:, -1].log_softmax(-1).gather(1, wanted[:, None]).mean()


def next_value(said: Any, given: Any, wanted: Any) -> Any:
    """Return the mean squared error of each next value; `wanted` has shape (n, steps), NaN if not known."""
    known = wanted.isfinite()
    error = given[:, :, 0] + said[:, :, 0] - wanted.nan_to_num()
    return (error**2 * known).sum() / known.sum().clamp(min=1)


LOSSES: dict[str, Loss] = {"squared": squared, "surprise": surprise, "next_value": next_value}


class _Network:
    """PyTorch's own, with what moves its weights."""

    def __init__(self, torch: Any, width: int, effort: Effort) -> None:
        self._torch = torch
        self._unit = torch.nn.GRU(width, effort.units, batch_first=True)
        self._out = torch.nn.Linear(effort.units, effort.outputs)
        for start in (
            self._unit.bias_ih_l0,
            self._unit.bias_hh_l0,
            self._out.bias,
            self._out.weight,
        ):
            torch.nn.init.zeros_(start)  # what has learnt nothing tells nothing
        self._weights = [*self._unit.parameters(), *self._out.parameters()]
        self._adam = torch.optim.AdamW(self._weights, lr=effort.rate, weight_decay=effort.penalty)

    def move(self, given: Any, wanted: Any, loss: Loss) -> None:
        """Move the weights down the slopes of some rows."""
        self._adam.zero_grad()
        loss(self.said(given), given, wanted).backward()
        self._torch.nn.utils.clip_grad_norm_(self._weights, LONGEST)
        self._adam.step()

    def lost(self, given: Any, wanted: Any, rows: NDArray[np.intp], loss: Loss) -> float:
        """Return the mean loss over rows."""
        total = 0.0
        with self._torch.inference_mode():
            for some in _batches(rows, JUDGED_AT_ONCE):
                one = given[some]
                total += len(some) * float(loss(self.said(one), one, wanted[some]))
        return total / max(1, len(rows))

    def said(self, given: Any) -> Any:
        """Return what is told at each step, shape (n, steps, outputs)."""
        return self._out(self._unit(given)[0])

    def arrays(self) -> Learnt:
        """Return the weights as `gated.Weights`."""
        unit, out = self._unit, self._out
        named = {
            "given": unit.weight_ih_l0.T, "held": unit.weight_hh_l0.T,
            "given_start": unit.bias_ih_l0, "held_start": unit.bias_hh_l0,
            "out": out.weight.T, "start": out.bias,
        }  # fmt: skip
        return {name: one.detach().numpy().astype(np.float64) for name, one in named.items()}


def _batches(rows: NDArray[np.intp], size: int) -> Iterator[NDArray[np.intp]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


@contextmanager
def _alone(torch: Any, seed: int) -> Iterator[None]:
    """Work in one thread, and leave PyTorch's own chance and threads as they were.

    Steps are small: two threads wait for each other more than they gain, on a busy machine without end,
    and sums of as many parts are equal wherever the same seed is learnt with.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
