"""The rows of a query are kept as the JSON that calls would have sent, whatever a driver makes of numbers."""

import numpy as np
import pandas as pd
import pytest

from minerva.adapters.batch.query import SqlQuery
from minerva.adapters.batch.staging import StagingFolder
from minerva.layers.abstraction.batch.task import Task
from minerva.layers.abstraction.services.parsing import parse

DECLARATION = parse(
    {
        "service": "value",
        "algorithm": "linear",
        "schema": {
            "key": "id",
            "inputs": {
                "size": {"type": "number", "nullable": True},
                "count": {"type": "integer", "nullable": True},
            },
            "output": {"y": {"type": "number"}},
        },
        "data": {"source": "sql", "url": "sqlite:///shop.db", "query": "select * from shop"},
    }
)
LARGE = 2**60


class Rows:
    """A query's rows, as a driver hands them over."""

    def __init__(self, frame):
        self.frame = frame

    def frames(self, chunk_rows):
        yield self.frame


@pytest.fixture
def kept(tmp_path):
    """Return the text of what is kept of some rows."""

    def keep(name, frame):
        query = SqlQuery(lambda data: Rows(frame), {})
        staging = StagingFolder(str(tmp_path / name))
        task = Task(version=1, output="scores.csv", output_form="csv")
        query.keep(DECLARATION, task, DECLARATION.schema, staging)
        return (tmp_path / name / "query.ndjson").read_text()

    return keep


def test_columns_of_numbers_are_kept_as_each_cell_would_be(kept):
    frame = pd.DataFrame(
        {
            "id": [1, 2, 3, 4],
            "size": [1.5, np.nan, np.inf, -0.0],
            "count": [1, LARGE, -3, 0],
        }
    )

    text = kept("columns", frame)

    assert text == kept("cells", frame.astype(object))
    assert text.splitlines()[:2] == [
        '{"size":1.5,"count":1,"id":1}', f'{{"size":null,"count":{LARGE},"id":2}}',
    ]  # fmt: skip


def test_whole_numbers_beside_nulls_stay_whole(kept):
    frame = pd.DataFrame({"id": [1.0, np.nan], "size": [1, 2], "count": [7.0, np.nan]})

    assert kept("rows", frame) == (
        '{"size":1.0,"count":7,"id":1}\n{"size":2.0,"count":null,"id":null}\n'
    )
