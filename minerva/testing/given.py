"""What a contract's class declares: attributes, or fixtures of that name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

Cases = dict[str, Any]
CASES = pytest.StashKey[Cases]()


def given(contract: object, types: Mapping[str, Any], request: pytest.FixtureRequest) -> Cases:
    """Return name → value; what is an attribute of none of the types is a fixture."""
    return {name: _given(contract, name, kind, request) for name, kind in types.items()}


def cases_of(request: pytest.FixtureRequest) -> Cases:
    """Return the cases that the tests of one class share."""
    owner = request.node.getparent(pytest.Class)
    stash: pytest.Stash = request.node.stash if owner is None else owner.stash
    return stash.setdefault(CASES, {})


def _given(contract: object, name: str, kind: Any, request: pytest.FixtureRequest) -> Any:
    value = getattr(contract, name, None)
    return value if isinstance(value, kind) else request.getfixturevalue(name)
