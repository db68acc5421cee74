"""Which versions an alias named before, from its movements."""

import pytest

from minerva.layers.abstraction.registry.history import named_before
from minerva.layers.abstraction.registry.records import AliasChange
from minerva.testing.registry_stores import NOW


def history(*moved):
    """Movements, newest first; a text is a way back."""
    made = [
        AliasChange(
            "t", "s", "champion", None if one is None else int(one), None, "", "", NOW,
            back=isinstance(one, str),
        )
        for one in moved
    ]  # fmt: skip
    return made[::-1]


@pytest.mark.parametrize(
    ("moved", "before"),
    [
        ([], []),
        ([1], []),
        ([1, 2, 3], [2, 1]),
        ([1, 2, 3, "2"], [1]),
        ([1, 2, 3, "2", "1"], []),
        ([1, 2, 3, "2", 4], [2, 1]),
        ([1, None, 2], [1]),
        ([1, 2, None], [1]),
    ],
)
def test_a_way_back_undoes_what_came_since(moved, before):
    assert named_before(history(*moved)) == before


@pytest.mark.parametrize(
    ("moved", "before"),
    [
        ([1, 2, 1], [2]),
        ([1, 2, 3, 1], [3, 2]),
        ([1, 2, 3, 1, "3"], [2, 1]),
        ([1, 2, 1, 2, "1"], [2]),
    ],
)
def test_promoting_a_version_again_is_a_step_forward(moved, before):
    assert named_before(history(*moved)) == before
