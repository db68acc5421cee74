"""A folder of files is one table."""

from __future__ import annotations

import pandas as pd
import pytest

from minerva.errors import InvalidData


@pytest.fixture
def read(opened, tmp_path):
    def read_folder(source):
        return pd.concat(opened(tmp_path, source=source, path="parts").frames(2))

    (tmp_path / "parts").mkdir()
    return read_folder


def test_files_are_read_in_order_of_their_names(read, tmp_path):
    (tmp_path / "parts" / "b.csv").write_text("y,x\n30,3\n")
    (tmp_path / "parts" / "a.csv").write_text("x,y\n1,10\n2,20\n")

    assert read("csv")["x"].tolist() == ["1", "2", "3"]


def test_parquet_files_are_read_in_order(read, tmp_path):
    for name in (2, 1):
        pd.DataFrame({"x": [name]}).to_parquet(tmp_path / "parts" / f"{name}.parquet")

    assert read("parquet")["x"].tolist() == [1, 2]


def test_what_is_no_data_is_left_out(read, tmp_path):
    (tmp_path / "parts" / "a.ndjson").write_text('{"x": 1}\n')
    for other in ("_SUCCESS", ".a.ndjson.crc", "_b.ndjson", ".c.ndjson", "read.me"):
        (tmp_path / "parts" / other).write_text("no data")
    (tmp_path / "parts" / "d.ndjson").mkdir()

    assert read("ndjson")["x"].tolist() == [1]


def test_a_link_that_leads_out_is_refused(read, tmp_path):
    (tmp_path / "secret.csv").write_text("x\n1\n")
    (tmp_path / "parts" / "a.csv").symlink_to(tmp_path / "secret.csv")

    with pytest.raises(InvalidData, match=r"a\.csv is a link out of its folder"):
        read("csv")
