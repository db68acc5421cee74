"""An order in which steps can run, each after those that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from minerva.errors import Fault, InvalidConfiguration


def ordered(needs: Mapping[str, frozenset[str]]) -> list[str]:
    """Return the steps in order; as they are written, where that is open.

    Raises InvalidConfiguration that names the steps of a cycle.
    """
    sorter = TopologicalSorter({name: needs[name] for name in needs})
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = list(reversed(error.args[1]))
        way = " → ".join(cycle)
        raise InvalidConfiguration(
            "The steps of a flow cannot wait for each other.",
            faults=[Fault(f"/parameters/steps/{cycle[0]}", f"waits for itself: {way}")],
        ) from error
    places = {name: at for at, name in enumerate(needs)}
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=places.__getitem__)
        order.extend(ready)
        sorter.done(*ready)
    return order
