"""Parquet files, whole and damaged."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from minerva.errors import InvalidData


def test_types_stay_those_of_the_file(opened, tmp_path):
    written = pd.DataFrame(
        {
            "count": np.array([1, 2], dtype="int32"),
            "plan": pd.Categorical(["a", "b"]),
            "since": pd.to_datetime(["2026-01-31", "2026-02-01"]),
            "active": [True, False],
        }
    )
    written.to_parquet(tmp_path / "data.parquet", index=False)

    (frame,) = opened(tmp_path, source="parquet", path="data.parquet").frames(10)

    assert [dtype.kind for dtype in frame.dtypes] == ["i", "O", "M", "b"]
    assert list(frame["plan"]) == ["a", "b"]


@pytest.mark.parametrize("kept", [0, 3, 100, -9])
def test_a_damaged_file_is_told(opened, tmp_path, kept):
    path = tmp_path / "data.parquet"
    pd.DataFrame({"id": range(1000)}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:kept])

    with pytest.raises(InvalidData, match="is not a whole Parquet file"):
        list(opened(tmp_path, source="parquet", path="data.parquet").frames(10))


def test_damage_in_the_middle_is_told(opened, tmp_path):
    path = tmp_path / "data.parquet"
    pd.DataFrame({"id": np.random.default_rng(0).random(50_000)}).to_parquet(path)
    content = bytearray(path.read_bytes())
    content[200_000:300_000] = bytes(100_000)
    path.write_bytes(bytes(content))

    with pytest.raises(InvalidData, match="is not a whole Parquet file"):
        list(opened(tmp_path, source="parquet", path="data.parquet").frames(1000))
