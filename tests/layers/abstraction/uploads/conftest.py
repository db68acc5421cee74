"""What tests of uploads share: a schema, and tables that fit it."""

from __future__ import annotations

import pytest

from minerva.schema import Schema

HEADER = b"id,tenure,contract,paid,churn\n"


@pytest.fixture(scope="session")
def schema():
    return Schema.parse(
        {
            "key": "id",
            "inputs": {
                "tenure": {"type": "integer", "minimum": 0, "maximum": 900},
                "contract": {"type": "category", "values": ["month", "year", ""]},
                "paid": {"type": "timestamp", "nullable": True},
                "name": {"type": "text", "use": False},
            },
            "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
        }
    )
