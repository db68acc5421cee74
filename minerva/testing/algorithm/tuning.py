"""The check of a search space: what an algorithm says may be tried can be tried."""

from __future__ import annotations

from dataclasses import replace

from minerva.errors import InvalidConfiguration, MinervaError
from minerva.layers.abstraction.tuning.space import ends, own_space
from minerva.testing.algorithm.case import Case
from minerva.testing.verdict import Broken, NotApplicable, described


def the_search_space_can_be_tried(case: Case) -> None:
    """Its own parameters take what it names, and it learns at both ends."""
    if not case.algorithm.search_space:
        raise NotApplicable("names no search_space")
    try:
        space = own_space(case.algorithm, dict(case.parameters))
    except InvalidConfiguration as error:
        told = [f"{one.where.rpartition('/space/')[2]}: {one.message}" for one in error.faults]
        raise Broken(
            "; ".join(told) or error.message,
            "Let `search_space` name parameters of `Parameters`, each with values or a range that it "
            'takes: {"depth": {"low": 2, "high": 10}}.',
        ) from error
    for values in ends(space):
        there = replace(case, parameters={**case.parameters, **values})
        try:
            there.try_to_train()
        except MinervaError as error:
            raise Broken(
                f"Training with {values} ends with {described(error)}.",
                "Narrow `search_space` to what can be learnt with: each trial there would fail.",
            ) from error
