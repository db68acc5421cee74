"""Which Parquet types can hold a field, as cells of a table or as JSON, and files that are none."""

from __future__ import annotations

import errno
import io

import pyarrow as pa
import pytest
from pyarrow import parquet

from minerva.layers.abstraction.formats.parquet_file import NotWhole, frames, holds, opened_parquet
from minerva.schema import Field, FieldType

WORDS = Field(type=FieldType.CATEGORY, values=("a", "b"))
NUMBERS = Field(type=FieldType.CATEGORY, values=(0, 1))
KINDS = {
    "null": pa.null(), "text": pa.string(), "view": pa.string_view(), "whole": pa.int8(),
    "truth": pa.bool_(), "moment": pa.date32(), "time": pa.time32("s"), "list": pa.list_(pa.int8()),
    "bytes": pa.binary(), "coded": pa.dictionary(pa.int8(), pa.string()),
}  # fmt: skip
TEXT = {"null", "text", "view", "coded"}


@pytest.mark.parametrize(
    ("field", "as_json", "as_cells"),
    [
        (Field(type=FieldType.INTEGER), {"null", "whole"}, TEXT | {"whole", "truth"}),
        (Field(type=FieldType.NUMBER), {"null", "whole"}, TEXT | {"whole", "truth"}),
        (Field(type=FieldType.BOOLEAN), {"null", "truth"}, TEXT | {"whole", "truth"}),
        (Field(type=FieldType.TIMESTAMP), TEXT | {"moment"}, TEXT | {"moment"}),
        (WORDS, TEXT, TEXT | {"whole", "truth", "moment", "time"}),
        (NUMBERS, {"null", "whole"}, TEXT | {"whole", "truth", "moment", "time"}),
        (
            Field(type=FieldType.TEXT),
            TEXT | {"moment", "time"},
            TEXT | {"whole", "truth", "moment", "time"},
        ),
    ],
)
def test_a_type_holds_a_field_by_what_its_values_mean(field, as_json, as_cells):
    assert {name for name, kind in KINDS.items() if holds(kind, field, as_cells=False)} == as_json
    assert {name for name, kind in KINDS.items() if holds(kind, field, as_cells=True)} == as_cells


@pytest.mark.parametrize("kept", [0, 3, 50, -20])
def test_a_file_that_is_cut_off_is_not_whole(tmp_path, kept):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"x": list(range(1000))}), path)
    path.write_bytes(path.read_bytes()[:kept])

    with path.open("rb") as file, pytest.raises(NotWhole), opened_parquet(file):
        pass


def test_damage_that_shows_while_it_is_read_is_told_alike(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"x": list(range(1000))}), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[20:400] = bytes(380)
    path.write_bytes(content)

    with path.open("rb") as file, pytest.raises(NotWhole), opened_parquet(file) as opened:
        list(frames(opened, 100))


class Away(io.BytesIO):
    """A file on a machine that does not answer."""

    def read(self, size: int | None = -1) -> bytes:
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")


def test_what_the_system_refuses_is_no_fault_of_the_file():
    with Away(b"PAR1" * 100) as file, pytest.raises(TimeoutError), opened_parquet(file):
        pass


def test_rows_come_in_chunks_of_the_columns_that_are_wanted(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"x": list(range(10)), "y": ["a"] * 10}), path, row_group_size=4)

    with path.open("rb") as file, opened_parquet(file) as opened:
        assert [len(frame) for frame in frames(opened, 7)] == [7, 3]
        (some,) = frames(opened, 7, ["x"], [1])
        (none,) = frames(opened, 7, ["x"], [])

    assert (list(some["x"]), list(some.columns)) == ([4, 5, 6, 7], ["x"])
    assert (len(none), list(none.columns)) == (0, ["x"])
