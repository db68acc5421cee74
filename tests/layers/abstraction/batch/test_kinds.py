"""A batch from its call to its output, in one process."""

import csv

import pyarrow as pa
import pytest
from batches import people, read_rows, write_csv, write_rows
from pyarrow import parquet

from minerva.errors import Conflict, InvalidData, InvalidInput, NotFound, NotPermitted

SUFFIXES = (".csv", ".parquet", ".ndjson")


def doubled(rows):
    """Return what the service answers."""
    return [{"id": row["id"], "y": 2.0 * row["x"]} for row in rows]


def fault_of(caught):
    """Return the first fault as `where: message`."""
    return str(caught.value.faults[0])


@pytest.mark.parametrize("source", SUFFIXES)
@pytest.mark.parametrize("target", SUFFIXES)
def test_each_format_is_scored_into_each(submit, work, data, source, target):
    rows = people(40)
    write_rows(data / f"people{source}", rows)

    result = work(submit(input=f"data/people{source}", output=f"data/scores{target}"))

    assert read_rows(data / f"scores{target}") == doubled(rows)
    assert result == {
        "version": 1, "rows": 40, "scored": 40, "rejects": 0, "parts": 1,
        "output": str(data / f"scores{target}"), "rejects_file": None,
    }  # fmt: skip
    assert {path.name for path in data.iterdir()} == {f"people{source}", f"scores{target}"}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_parts_make_the_same_output_as_one(submit, work, data, suffix):
    rows = people(100)
    write_rows(data / f"people{suffix}", rows)

    result = work(submit(input=f"data/people{suffix}", output="data/scores.parquet", parts=4))

    assert result["parts"] == 4
    assert read_rows(data / "scores.parquet") == doubled(rows)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_files_of_a_folder_are_scored_in_order(submit, work, data, suffix):
    (data / "in").mkdir()
    for number in range(3):
        write_rows(data / "in" / f"{number}{suffix}", people(10, first=10 * number))
    (data / "in" / ".hidden.csv").write_text("no table")
    (data / "in" / "notes.txt").write_text("no table")

    form = suffix.removeprefix(".")
    result = work(submit(input="data/in", input_format=form, output="data/scores.ndjson"))

    assert result["rows"] == 30
    assert read_rows(data / "scores.ndjson") == doubled(people(30))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("parts", [1, 3])
def test_rows_that_do_not_fit_are_told_with_line_field_and_reason(
    submit, work, data, suffix, parts
):
    rows = people(30)
    rows[4]["x"], rows[20]["x"] = -1, None
    write_rows(data / f"people{suffix}", rows)

    result = work(submit(input=f"data/people{suffix}", output="data/scores.ndjson", parts=parts))

    good = [row for number, row in enumerate(rows) if number not in {4, 20}]
    assert read_rows(data / "scores.ndjson") == doubled(good)
    assert (result["rows"], result["scored"], result["rejects"]) == (30, 28, 2)
    first = 2 if suffix == ".csv" else 1  # the line of the header counts
    with (data / "scores.rejects.csv").open() as file:
        assert list(csv.DictReader(file)) == [
            {"file": f"people{suffix}", "row": str(4 + first), "field": "x",
             "reason": "is below the minimum of 0"},
            {"file": f"people{suffix}", "row": str(20 + first), "field": "x",
             "reason": "is null, but the field is not nullable"},
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("ceiling", "fails"), [(1, True), (2, False), ("5%", True), ("10%", False), (None, False)]
)
def test_more_rejects_than_declared_fail_the_job_and_leave_no_output(
    submit, work, data, ceiling, fails
):
    rows = people(30)
    rows[4]["x"] = rows[5]["x"] = -1
    write_rows(data / "people.csv", rows)
    job = submit(input="data/people.csv", output="data/scores.csv", max_rejects=ceiling)

    if not fails:
        assert work(job)["rejects"] == 2
        return
    with pytest.raises(InvalidData, match=r"2 of 30 rows do not fit") as caught:
        work(job)

    assert fault_of(caught) == "people.csv:6 x: is below the minimum of 0"
    assert not (data / "scores.csv").exists()


def test_nothing_that_fits_fails_the_job(submit, work, data):
    write_rows(data / "people.csv", [{"id": "a", "x": "many"}])

    with pytest.raises(InvalidData, match="None of the 1 rows fits"):
        work(submit(input="data/people.csv", output="data/scores.csv"))


def test_the_service_file_may_declare_the_ceiling(make, submit, work, data):
    make("value", "linear", batch={"max_rejects": 0})
    write_rows(data / "people.ndjson", [*people(3), {"id": "c", "x": -1}])

    with pytest.raises(InvalidData, match="max_rejects allows 0"):
        work(submit(input="data/people.ndjson", output="data/scores.csv"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_input_without_rows_makes_an_output_without_rows(submit, work, data, suffix):
    path = write_rows(data / f"people{suffix}", people(1))
    if suffix == ".parquet":
        parquet.write_table(parquet.read_table(path).slice(0, 0), path)
    else:
        path.write_text("id,x\n" if suffix == ".csv" else "")

    result = work(submit(input=f"data/people{suffix}", output="data/scores.ndjson"))

    assert result["rows"] == 0
    assert read_rows(data / "scores.ndjson") == []


def test_the_champion_of_the_submission_scores(make, container, submit, work, data):
    write_rows(data / "people.csv", people(3))
    first = submit(input="data/people.csv", output="data/first.ndjson")
    make("value", "linear", parameters={"shift": 100})
    second = submit(input="data/people.csv", output="data/second.ndjson")
    pinned = submit(input="data/people.csv", output="data/pinned.ndjson", version=1)

    assert [work(job)["version"] for job in (first, second, pinned)] == [1, 2, 1]
    assert read_rows(data / "first.ndjson") == read_rows(data / "pinned.ndjson")
    assert read_rows(data / "second.ndjson")[0]["y"] == 102


def test_a_category_brings_its_probabilities(make, container, submit, work, data):
    schema = {
        "key": "id",
        "inputs": {"x": {"type": "integer"}},
        "output": {"plan": {"type": "category", "values": ["gold", "tin"]}},
    }
    make("value", "constant", schema=schema, data=None,
         parameters={"output": {"plan": {"gold": 0.25, "tin": 0.75}}})  # fmt: skip
    write_rows(data / "people.csv", people(2))

    for suffix in SUFFIXES:
        work(submit(input="data/people.csv", output=f"data/scores{suffix}"))

    nested = {"id": "c-0", "plan": "tin", "plan_probabilities": {"gold": 0.25, "tin": 0.75}}
    assert parquet.read_table(data / "scores.parquet").to_pylist()[0] == nested
    assert read_rows(data / "scores.ndjson")[0] == nested
    with (data / "scores.csv").open() as file:
        assert next(csv.DictReader(file)) == {
            "id": "c-0", "plan": "tin",
            "plan_probability_gold": "0.25", "plan_probability_tin": "0.75",
        }  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        {"delimiter": ";"},
        {"delimiter": "\t"},
        {"encoding": "utf-8-sig"},
        {"encoding": "cp1252"},
        {"quoting": csv.QUOTE_ALL},
    ],
)
def test_a_csv_is_read_however_it_is_written(submit, work, data, written):
    rows = [{**row, "email": 'Zoë, \n"Z"'} for row in people(20)]
    write_csv(data / "people.csv", rows, **written)

    result = work(submit(input="data/people.csv", output="data/scores.ndjson", parts=3))

    assert read_rows(data / "scores.ndjson") == doubled(rows)
    assert result["rejects"] == 0


def test_a_short_row_and_one_of_another_encoding_are_rejected_with_their_lines(submit, work, data):
    lines = [b"id,x,email", b'c-0,1,"a\nb"', b"c-1,2", b"", b"c-2,3,\xff", b"c-3,4,", b"c-4,-1,"]
    (data / "people.csv").write_bytes(b"\r\n".join(lines))

    work(submit(input="data/people.csv", output="data/scores.ndjson", encoding="utf-8"))

    assert read_rows(data / "scores.ndjson") == doubled(
        [{"id": "c-0", "x": 1}, {"id": "c-3", "x": 4}]
    )
    assert (data / "scores.rejects.csv").read_text().splitlines() == [
        "file,row,field,reason",
        "people.csv,4,,has 2 cells where the first line names 3 columns",
        "people.csv,6,,is not utf-8 text",
        "people.csv,8,x,is below the minimum of 0",
    ]


@pytest.mark.parametrize("ids", [(7, "a"), ("a", 7), (7, 2**70)])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_keys_of_several_types_become_text(submit, work, data, suffix, ids):
    (data / "in").mkdir()
    for number, key in enumerate(ids):
        write_rows(data / "in" / f"{number}.ndjson", [{"id": key, "x": 1}])

    work(submit(input="data/in", input_format="ndjson", output=f"data/scores{suffix}"))

    assert [row["id"] for row in read_rows(data / f"scores{suffix}")] == list(map(str, ids))


def test_a_quote_that_is_never_closed_fails_the_job_with_its_line(submit, work, data):
    (data / "people.csv").write_text('id,x\na,1\n"b,2\nc,3\n')

    with pytest.raises(InvalidData) as caught:
        work(submit(input="data/people.csv", output="data/scores.csv"))

    assert fault_of(caught) == "people.csv:3: the quote that begins here is not closed"


def test_a_line_that_is_no_object_is_rejected(submit, work, data):
    lines = ['{"id": "a", "x": 1}', "[1]", "{", '{"id": "b", "x": 2, "x": 3}', '{"id": "c", "x": "2"}',
             '{"id": 7, "x": 3.0, "more": [1]}', '{"id": "d", "x": NaN}']  # fmt: skip
    (data / "people.ndjson").write_text("\n".join(lines))

    work(submit(input="data/people.ndjson", output="data/scores.ndjson"))

    assert read_rows(data / "scores.ndjson") == [{"id": "a", "y": 2.0}, {"id": "7", "y": 6.0}]
    assert (data / "scores.rejects.csv").read_text().splitlines()[1:] == [
        'people.ndjson,2,,"expected an object, got an array"',
        "people.ndjson,3,,ends too early to be JSON",
        "people.ndjson,4,,has a member twice",
        'people.ndjson,5,x,"expected a whole number, got text"',
        "people.ndjson,7,,is not valid JSON",
    ]


def test_a_row_that_does_not_fit_and_has_a_member_twice_is_rejected_by_line(submit, work, data):
    lines = ['{"id": "a", "x": 1}', '{"id": "b", "x": -1, "more": 1, "more": 2}']
    (data / "people.ndjson").write_text("\n".join(lines))

    work(submit(input="data/people.ndjson", output="data/scores.ndjson"))

    assert read_rows(data / "scores.ndjson") == [{"id": "a", "y": 2.0}]
    assert (data / "scores.rejects.csv").read_text().splitlines()[1:] == [
        "people.ndjson,2,,has a member twice"
    ]


@pytest.mark.parametrize(
    ("payload", "error", "says"),
    [
        ({}, InvalidInput, "It is not said where to write."),
        ({"output": "data/s.txt"}, InvalidInput, "/output: ends in none of .csv"),
        ({"output": "../s.csv"}, NotPermitted, "is not in a place"),
        ({"output": "data/s.csv", "input": "/etc/passwd"}, NotPermitted, "is not in a place"),
        ({"output": "data/s.csv", "input": "data/no.csv"}, NotFound, "There is no file"),
        ({"output": "data/s.csv", "input": "data"}, InvalidInput, "/input_format: is missing"),
        ({"output": "data/there.csv"}, Conflict, "exists: name another one"),
        ({"output": "data/people.csv", "overwrite": True}, InvalidInput, "/output: is the input too"),
        ({"output": "data/no/s.csv"}, InvalidInput, "There is no folder"),
        ({"output": "data/s.csv", "version": 9}, NotFound, "no version 9"),
        ({"output": "data/s.csv", "alias": "shadow"}, Conflict, "has no shadow yet"),
        ({"output": "data/s.csv", "alias": "best"}, InvalidInput, "There is no alias 'best'"),
        ({"output": "data/s.csv", "version": 1, "alias": "champion"}, InvalidInput, "say one of them"),
        ({"output": "data/s.csv", "max_rejects": "many"}, InvalidInput, "/max_rejects"),
        ({"output": "data/s.csv", "speed": 9}, InvalidInput, "/speed: unknown; known: "),
        ({"table": "scores"}, InvalidInput, "the service file names no database"),
        ({"output": "data/s.csv", "input": None, "query": "select 1"}, InvalidInput, "is missing"),
        ({"output": "data/s.csv", "encoding": "klingon"}, InvalidInput, "/encoding: is none"),
    ],
)  # fmt: skip
def test_what_cannot_lead_to_anything_is_refused_before_it_is_queued(
    container, submit, data, payload, error, says
):
    write_rows(data / "people.csv", people(3))
    (data / "there.csv").write_text("")
    asked = {"input": "data/people.csv", **payload}

    with pytest.raises(error) as caught:
        submit(**{name: value for name, value in asked.items() if value is not None})

    assert says in str(caught.value)
    assert container.jobs.list("default", kind="batch") == []


def test_a_link_in_a_folder_does_not_lead_out_of_it(submit, workspace, data):
    (data / "in").mkdir()
    (data / "in" / "own.csv").symlink_to(workspace / "data.csv")

    with pytest.raises(NotPermitted, match=r"own\.csv in .* is a link that leads out of it"):
        submit(input="data/in", input_format="csv", output="data/scores.csv")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "people.csv:1: is empty"),
        (b"id,y\na,1\n", 'people.csv, column "x": is missing'),
        (b"id,x,x\na,1,1\n", "people.csv:1: names 'x' more than once"),
        ("id,x\na,1\n".encode("utf-16"), "people.csv:1: is UTF-16; save it as UTF-8"),
        (b"id,x\nZo\xc3\xab,1\nZo\xeb,2\n", "people.csv:3: is not UTF-8, but line 2 is"),
    ],
)
def test_a_csv_that_cannot_be_read_is_refused_before_it_is_queued(submit, data, content, says):
    (data / "people.csv").write_bytes(content)

    with pytest.raises(InvalidInput) as caught:
        submit(input="data/people.csv", output="data/scores.csv")

    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pa.array(["1"]), 'people.parquet, column "x": is string, the schema says integer'),
        (pa.array([[1]]), 'column "x": is list<element: int64>, the schema says integer'),
        (pa.array([b"1"]), 'column "x": is binary, the schema says integer'),
        (pa.array([True]), 'column "x": is bool, the schema says integer'),
    ],
)
def test_a_parquet_file_of_other_types_is_refused_before_it_is_queued(submit, data, column, says):
    parquet.write_table(pa.table({"id": ["a"], "x": column}), data / "people.parquet")

    with pytest.raises(InvalidInput) as caught:
        submit(input="data/people.parquet", output="data/scores.csv")

    assert says in str(caught.value)


def test_a_file_that_is_no_parquet_is_refused_before_it_is_queued(submit, data):
    (data / "people.parquet").write_bytes(b"PAR1 no")

    with pytest.raises(InvalidInput, match="is not a whole Parquet file"):
        submit(input="data/people.parquet", output="data/scores.csv")


def test_an_encoding_whose_rows_are_not_found_by_bytes_is_refused_before_it_is_queued(submit, data):
    (data / "people.csv").write_bytes("id,x\na,1\n".encode("utf-16-le"))

    with pytest.raises(InvalidInput, match="/encoding: is none of a batch"):
        submit(input="data/people.csv", output="data/scores.csv", encoding="utf-16-le")


def test_an_output_that_appears_meanwhile_is_not_replaced(submit, work, data):
    write_rows(data / "people.csv", people(3))
    job = submit(input="data/people.csv", output="data/scores.csv")
    (data / "scores.csv").write_text("somebody else's")

    with pytest.raises(Conflict, match="has appeared meanwhile"):
        work(job)

    assert (data / "scores.csv").read_text() == "somebody else's"


def test_an_output_is_replaced_if_the_caller_says_so(submit, work, data):
    write_rows(data / "people.csv", people(3))
    (data / "scores.csv").write_text("old")
    (data / "scores.rejects.csv").write_text("old")

    work(submit(input="data/people.csv", output="data/scores.csv", overwrite=True))

    assert read_rows(data / "scores.csv") == doubled(people(3))
    assert not (data / "scores.rejects.csv").exists()


def test_the_declared_file_is_scored_if_no_input_is_named(submit, work, data):
    result = work(submit(output="data/scores.parquet"))

    assert result["rows"] == 40
    assert read_rows(data / "scores.parquet")[2] == {"id": "c-2", "y": 6.0}
