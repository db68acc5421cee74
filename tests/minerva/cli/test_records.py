"""Reading what is to be predicted."""

import json

import pytest

from minerva.cli.records import assigned, read_records
from minerva.errors import InvalidData, InvalidInput

SCHEMA = {
    "key": "id",
    "inputs": [
        {"name": "tenure", "type": "integer"},
        {"name": "charges", "type": "number"},
        {"name": "active", "type": "boolean"},
        {"name": "contract", "type": "category", "values": ["monthly", "None", "007"]},
        {"name": "flag", "type": "category", "values": [0, 1]},
        {"name": "vip", "type": "boolean"},
        {"name": "since", "type": "timestamp"},
        {"name": "note", "type": "text"},
    ],
}


@pytest.fixture
def read(tmp_path):
    def read(content, name="records.json", wanted=None):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_records(str(path), wanted, SCHEMA))

    return read


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('{"tenure": 1}', "one.json"),
        ('[{"tenure": 1}]', "many.json"),
        ('{"records": [{"tenure": 1}]}', "body.json"),
        ('{"tenure": 1}\n\n', "lines.ndjson"),
        ('\ufeff{"tenure": 1}', "marked.json"),
        ("tenure\n1\n", "table.csv"),
        ("tenure\tcharges\n1\t\n", "table.tsv"),
    ],
)
def test_reads_every_form(read, content, name):
    assert read(content, name) == [{"tenure": 1}]


def test_takes_lines_of_json_for_what_they_are(read):
    assert read('{"tenure": 1}\n{"tenure": 2}\n', "records.json") == [{"tenure": 1}, {"tenure": 2}]


def test_the_format_that_was_named_wins_over_the_suffix(read):
    assert read("tenure\n1\n", "records.json", "csv") == [{"tenure": 1}]


def test_turns_text_cells_into_values_of_the_schema(read):
    table = (
        "id,tenure,charges,active,contract,flag,vip,since,note\n"
        "7,3.0,1.5,Yes,None,1,true,2026-01-31,hello\n"
        "8,,,no,007,0,FALSE,,\n"
    )

    assert read(table, "table.csv") == [
        {
            "id": "7", "tenure": 3, "charges": 1.5, "active": True, "contract": "None", "flag": 1,
            "vip": True, "since": "2026-01-31", "note": "hello",
        },
        {"id": "8", "active": False, "contract": "007", "flag": 0, "vip": False},
    ]  # fmt: skip


def test_reads_a_european_table(read):
    assert read("tenure;charges\n1.000;12,5\n", "table.csv") == [{"tenure": 1000, "charges": 12.5}]


def test_leaves_other_columns_out_and_says_so(read, capsys):
    assert read("tenure,churn\n1,Yes\n", "table.csv") == [{"tenure": 1}]
    assert "Left out, as they are no inputs: churn" in capsys.readouterr().err


@pytest.mark.parametrize("cell", ["1_000", "1.5", "1e400"])
def test_a_number_is_read_as_a_batch_reads_it(read, cell):
    with pytest.raises(InvalidInput, match="tenure: is no integer"):
        read(f"tenure;charges\n{cell};12,5\n", "table.csv")


def test_a_line_separator_inside_json_ends_no_line(read):
    assert read('{"note": "a\u2028b"}\n', "a.ndjson") == [{"note": "a\u2028b"}]


def test_an_unknown_category_is_left_to_the_sidecar_to_refuse(read):
    assert read("contract\nweekly\n", "table.csv") == [{"contract": "weekly"}]


@pytest.mark.parametrize(
    ("content", "name", "where"),
    [
        ('{"tenure": }', "a.json", "a.json:1"),
        ('{\n"tenure": 1,\n}', "a.json", "a.json:3"),
        ("1\n", "a.json", "a.json, record 1"),
        ('[{"tenure": 1}, 2]', "a.json", "a.json, record 2"),
        ('{"a": 1}\n{"a": \n', "a.ndjson", "a.ndjson:2"),
        ("[1]\n", "a.ndjson", "a.ndjson:1"),
        ("tenure,charges\n1,2\n3\n", "a.csv", "a.csv:3"),
        ("tenure,charges\n1,2\nx,3\n", "a.csv", "a.csv:3 tenure"),
        ('tenure,note\n1,"a\n', "a.csv", "a.csv:2"),
        ("tenure,note\n1," + "a" * 200_000, "a.csv", "a.csv:2"),
        ("tenure,active\n1,maybe\n", "a.csv", "a.csv:2 active"),
    ],
)
def test_names_the_place_of_what_cannot_be_read(read, content, name, where):
    with pytest.raises(InvalidInput) as caught:
        read(content, name)

    assert [fault.where for fault in caught.value.faults] == [where]


def test_refuses_what_is_no_text(read):
    with pytest.raises(InvalidInput, match="is not UTF-8 text"):
        read(b"\xff\xfe\x00")


def test_refuses_json_that_is_nested_too_deep(read):
    with pytest.raises(InvalidInput, match="is not JSON"):
        read("[" * 100_000)


def test_refuses_an_empty_table(read):
    with pytest.raises(InvalidData, match="is empty"):
        read("", "a.csv")


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(InvalidInput, match=r"no file nowhere\.csv"):
        list(read_records("nowhere.csv", None, SCHEMA))


def test_makes_a_record_of_assignments():
    record = assigned(["tenure=3", "contract=monthly", "note=a=b", "id=x"], SCHEMA)

    assert record == {"tenure": 3, "contract": "monthly", "note": "a=b", "id": "x"}


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("tenure", "expected name=value"),
        ("=3", "expected name=value"),
        ("tenur=3", "not a field of this service"),
        ("tenure=x", "is no integer"),
        ("charges=nan1", "is no number"),
    ],
)
def test_refuses_an_assignment_that_fits_no_field(assignment, message):
    with pytest.raises(InvalidInput) as caught:
        assigned([assignment], SCHEMA)

    assert message in caught.value.faults[0].message
    assert json.dumps("x") not in str(caught.value)
