"""Whatever bytes come, they are rows or are refused; and what was written is read again."""

import csv
import io
import json
from encodings.aliases import aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from minerva.errors import InvalidBody, InvalidInput
from minerva.layers.abstraction.formats.layout import Dialect, Layout
from minerva.layers.abstraction.serving.question import Answer
from minerva.layers.core.http.duplicates import repeated_key
from minerva.layers.core.protocols.rows.chunks import chunks
from minerva.layers.core.protocols.rows.csv_answers import CsvAnswers
from minerva.layers.core.protocols.rows.csv_rows import CsvRows, delimiter_of
from minerva.layers.core.protocols.rows.csv_table import written
from minerva.layers.core.protocols.rows.judging import judge
from minerva.layers.core.protocols.rows.ndjson_answers import NdjsonAnswers
from minerva.layers.core.protocols.rows.ndjson_rows import NdjsonRows
from minerva.layers.core.protocols.rows.told import Tally
from minerva.schema import Decoder, Schema

SCHEMA = Schema.parse(
    {
        "key": "id",
        "inputs": {
            "tenure": {"type": "integer", "minimum": 0, "maximum": 1000},
            "contract": {"type": "category", "values": ["One year", "Two year"]},
            "charges": {"type": "number", "nullable": True},
            "note": {"type": "text", "nullable": True},
        },
        "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
    }
)
DECODER = Decoder(SCHEMA)
NAMES = ["id", *SCHEMA.inputs]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1)
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "id": TEXTS,
            "tenure": st.integers(0, 1000),
            "contract": st.sampled_from(["One year", "Two year"]),
            "charges": st.none() | st.floats(-1e9, 1e9),
            "note": TEXTS.map(lambda text: f"={text}="),  # no blanks at its ends, which cells lose
        }
    ),
    min_size=1,
    max_size=12,
)
PIECES = st.sampled_from(
    ["id", "tenure", "contract", "charges", "note", "One year", "3", "-1", '"', '""', ",", ";", "\t",
     "\n", "\r", "\r\n", "\ufeff", "\0", "{", "}", '{"key": 3}', '{"key": "C-1"}', '{"tenure": ',
     '{"tenure": 3, "contract": "One year"}', "é", "[", " "]
)  # fmt: skip
BODIES = st.binary() | st.lists(PIECES).map(lambda found: "".join(found).encode())


ENCODINGS = st.sampled_from(["utf-8", "latin-1", "utf-16", "utf-32", "utf-7", "gb18030"])


def table_reader(body, encoding="utf-8", header=None):
    dialect = Dialect(encoding=encoding)
    dialect = structs.replace(dialect, delimiter=delimiter_of(body, SCHEMA, dialect))
    return CsvRows(SCHEMA, dialect, header=header)


def readers(body, encoding):
    for header in (None, True, False):
        yield table_reader(body, encoding, header)
    yield NdjsonRows(SCHEMA, repeated_key)


def told(reader, body, most=5):
    """Return what is asked and what is refused: keys or records as the service reads them."""
    asked, refused = [], {}
    for rows in chunks(reader, body, most):
        assert 1 <= len(rows) <= most
        judged = judge(reader, DECODER, rows)
        assert len(judged.question or ()) + len(judged.wrong) == len(rows)
        refused |= judged.wrong
        if judged.question is None:
            continue
        batch = judged.question.batch
        if batch is None:
            asked.extend(judged.question.keys)
        else:
            named = SCHEMA.features
            asked.extend(
                (batch.keys[at], *(batch[name][at] for name in named)) for at in range(len(batch))
            )
    return asked, refused


def values(records):
    decoded = DECODER.records(records)
    return [
        (decoded.keys[at], *(decoded[name][at] for name in SCHEMA.features))
        for at in range(len(decoded))
    ]


@given(BODIES, ENCODINGS)
def test_any_bytes_are_rows_or_are_refused(body, encoding):
    for reader in readers(body, encoding):
        try:
            _, refused = told(reader, body)
        except (InvalidBody, InvalidInput) as error:
            assert error.faults
            continue
        for number, faults in refused.items():
            assert all(str(number) in fault.where for fault in faults)


@given(
    RECORDS,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["", "\ufeff"]),
    st.permutations(NAMES),
)
def test_what_is_written_as_csv_is_read_again(records, delimiter, mark, names):
    table = written([names, *([record[name] for name in names] for record in records)], delimiter)
    body = mark.encode() + table
    asked, refused = told(table_reader(body), body)

    assert refused == {}
    assert str(asked) == str(values(records))


@given(RECORDS, st.sampled_from(["\n", "\r\n", "\n\n", " \n"]), st.booleans())
def test_what_is_written_as_ndjson_is_read_again(records, end, ascii_only):
    lines = [json.dumps(record, ensure_ascii=ascii_only) + end for record in records]
    reader = NdjsonRows(SCHEMA, repeated_key)

    asked, refused = told(reader, "".join(lines).encode())

    assert refused == {}
    assert str(asked) == str(values(records))


def test_keys_and_records_may_stand_in_one_text_and_are_asked_apart():
    body = b'{"key": "a"}\n{\n{"key": 2}\n{"tenure": 3, "contract": "One year"}\n{"key": "c"}\n{"key": 1.5}'
    reader = NdjsonRows(SCHEMA, repeated_key)

    sizes = [[row.by_key for row in rows] for rows in chunks(reader, body, 5)]

    assert sizes == [[True, False, True], [False], [True, False]]


def test_key_is_a_field_where_the_service_has_one_of_that_name():
    schema = Schema.parse(
        {
            "inputs": {"key": {"type": "integer"}},
            "output": {"churn": {"type": "category", "values": ["No", "Yes"]}},
        }
    )

    (row,) = NdjsonRows(schema, repeated_key).feed(b'{"key": 3}\n')

    assert (row.content, row.by_key) == ({"key": 3}, False)


@pytest.mark.parametrize("reader", [NdjsonRows(SCHEMA, repeated_key), CsvRows(SCHEMA, Dialect())])
def test_a_row_without_an_end_does_not_fill_the_memory(reader):
    with pytest.raises(InvalidBody):
        told(reader, b"tenure,contract\n" + b"x" * 3_000_000)


def test_long_rows_are_asked_by_fewer():
    lines = b"".join(
        json.dumps({"tenure": 3, "contract": "One year", "note": "x" * 400_000}).encode() + b"\n"
        for _ in range(7)
    )

    assert [len(rows) for rows in chunks(NdjsonRows(SCHEMA, repeated_key), lines, 1000)] == [
        3,
        3,
        1,
    ]


@given(st.lists(st.tuples(TEXTS, st.floats(0, 1)), min_size=1, max_size=5))
def test_answers_are_read_again(found):
    predictions = [
        {"id": key, "churn": "No", "churn_probabilities": {"No": 1 - chance, "Yes": chance}}
        for key, chance in found
    ]
    records = [{"id": key, "tenure": 1, "contract": "One year"} for key, _ in found]
    reader = NdjsonRows(SCHEMA, repeated_key)
    (rows,) = chunks(reader, "".join(json.dumps(one) + "\n" for one in records).encode(), 5)
    judged = judge(reader, DECODER, rows)
    answer = Answer(predictions, "churn", "3", degraded=False, job_id=None)

    table = CsvAnswers(SCHEMA)
    text = (table.begin() + table.some(judged, answer)).decode()
    lines = NdjsonAnswers("churn", "r-1").some(judged, answer).decode().split("\n")

    cells = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["id"], float(row["churn_probability_Yes"])) for row in cells] == found
    assert [json.loads(line)["prediction"] for line in lines[:-1]] == predictions


def test_the_last_line_counts_every_version_that_answered():
    reader, tally = NdjsonRows(SCHEMA, repeated_key), Tally()
    (rows,) = chunks(reader, b'{"tenure": 3, "contract": "One year"}\n' * 2 + b"{\n", 5)
    answer = Answer([{}, {}], "churn", "9", False, None, ["9", "10"])

    tally.add(judge(reader, DECODER, rows), answer)

    end = json.loads(NdjsonAnswers("churn", "r-1").end(tally))["end"]
    assert (end["rows"], end["rejected"], end["versions"]) == (3, 1, ["9", "10"])


def test_every_encoding_that_is_taken_can_be_read():
    for name in sorted(aliases.values()):
        layout = Layout(format="csv", encoding=name)
        try:
            layout.check()
            body = "tenure,contract\n3,One year\n".encode(name)
        except InvalidInput:
            continue
        assert len(told(table_reader(body, name), body)[0]) == 1, name
