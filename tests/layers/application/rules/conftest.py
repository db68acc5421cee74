"""A schema with a field of every type, which the tests of the rules language share."""

import pytest

from minerva import Schema

DECLARED = {
    "key": "id",
    "inputs": {
        "tenure": {"type": "integer", "minimum": 0},
        "charges": {"type": "number", "nullable": True},
        "monthly fee": {"type": "number", "nullable": True},
        "contract": {
            "type": "category",
            "values": ["Month-to-month", "One year", "it's over"],
            "nullable": True,
        },
        "lines": {"type": "category", "values": [1, 2, 5], "nullable": True},
        "mixed": {"type": "category", "values": [1, "many"]},
        "senior": {"type": "boolean", "nullable": True},
        "note": {"type": "text", "nullable": True},
        "signup": {"type": "timestamp", "nullable": True},
        "email": {"type": "text", "use": False},
    },
    "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
}
DEFAULTS = {
    "id": 1,
    "tenure": 5,
    "charges": None,
    "monthly fee": None,
    "contract": None,
    "lines": None,
    "mixed": 1,
    "senior": None,
    "note": None,
    "signup": None,
    "email": "a@b.example",
}


@pytest.fixture(scope="session")
def declared():
    """The declaration, to be changed in a copy only."""
    return DECLARED


@pytest.fixture(scope="session")
def schema():
    return Schema.parse(DECLARED)


@pytest.fixture(scope="session")
def record():
    """A function that returns a record: everything missing that may be, but for what is given."""

    def make(**given):
        return {**DEFAULTS, **given}

    return make
