"""A contract that is given nothing says what it wants."""

import inspect

import pytest

from minerva.testing import adapters

WANTING = [
    (contract, name)
    for contract, names in {
        adapters.JobQueueContract: ["queue", "receive"],
        adapters.ArtefactStoreContract: ["store"],
        adapters.DataSourceContract: ["source", "empty_source"],
    }.items()
    for name in names
]


@pytest.mark.parametrize(("contract", "fixture"), WANTING)
def test_a_fixture_that_is_not_overridden_says_how_to(contract, fixture):
    class TestMine(contract):
        pass

    given = inspect.unwrap(getattr(TestMine, fixture))

    with pytest.raises(
        NotImplementedError, match=f"Override the fixture `{fixture}` in TestMine: return an? "
    ):
        given(TestMine())
