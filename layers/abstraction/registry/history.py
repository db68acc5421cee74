"""What an alias named before, read from its movements."""

from __future__ import annotations

from collections.abc import Sequence

from minerva.layers.abstraction.registry.records import AliasChange


def named_before(history: Sequence[AliasChange]) -> list[int]:
    """Return the versions to go back to, nearest first, from movements that are newest first.

    A way back undoes the movements since: rolling back twice goes two back. Promoting a version that
    was there before is a step forward like any other.
    """
    stack: list[int] = []
    for change in reversed(history):
        if change.number is None:
            continue
        if change.back and change.number in stack:
            while stack[-1] != change.number:
                stack.pop()
        else:
            stack.append(change.number)
    present = stack[-1:]
    return [number for number in dict.fromkeys(reversed(stack)) if number not in present]
