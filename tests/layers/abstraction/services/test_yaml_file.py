"""Reading YAML: every mistake has its line, and no file can harm the reader."""

import tracemalloc
from datetime import date

import pytest

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.services.yaml_file import MAX_BYTES, read_yaml


@pytest.fixture
def file(tmp_path):
    """Write a file and read it."""

    def read(content: str | bytes):
        path = tmp_path / "churn.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_yaml(path)

    return read


def refusal(file, content) -> str:
    """Return the one fault of a file that cannot be read, or else the message."""
    with pytest.raises(InvalidConfiguration) as caught:
        file(content)
    faults = caught.value.faults
    assert len(faults) <= 1
    return str(faults[0]) if faults else caught.value.message


def test_values_are_plain_and_their_lines_are_known(file):
    read = file(
        "service: churn\n\nschema:\n  inputs:\n    a: {type: number,\n        unit: USD}\nl:\n- 1\n- x: 2\n"
    )

    assert read.value == {
        "service": "churn",
        "schema": {"inputs": {"a": {"type": "number", "unit": "USD"}}},
        "l": [1, {"x": 2}],
    }
    lines = {
        "": 1,
        "/service": 1,
        "/schema": 3,
        "/schema/inputs/a": 5,
        "/schema/inputs/a/unit": 6,
        "/l/1/x": 9,
        "/schema/inputs/a/missing/deep": 5,
        "/nowhere": 1,
    }
    assert {pointer: read.locate(pointer) for pointer in lines} == {
        pointer: f"churn.yaml:{line}" for pointer, line in lines.items()
    }


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "churn.yaml:1: is empty"),
        ("# nothing but words\n", "churn.yaml:1: is empty"),
        ("a: 1\nb:\n\t- 2\n", "churn.yaml:3: found character '\\t' that cannot start any token"),
        ("a: 1\nb: [1, 2\nc: 3\n", "churn.yaml:3: expected ',' or ']', but got ':'"),
        ("a: 1\n b: 2\n", "churn.yaml:2: mapping values are not allowed here"),
        ("a: 1\nb: 2\na: 3\n", "churn.yaml:3: 'a' stands here a second time"),
        ("a:\n  b: 1\n  'b': 2\n", "churn.yaml:3: 'b' stands here a second time"),
        ("- {x: 1, x: 2}\n", "churn.yaml:1: 'x' stands here a second time"),
        ("a: 1\n? [1, 2]\n: 3\n", "churn.yaml:2: a key is text"),
        ("a: 1\n? {b: 1}\n: 3\n", "churn.yaml:2: a key is text"),
        ("a: 1\n---\nb: 2\n", "churn.yaml:2: but found another document"),
        ("a: *b\n", "churn.yaml:1: found undefined alias 'b'"),
        ("x: 1\na: &a\n  b: *a\n", "churn.yaml:2: a value contains itself"),
        ("x: 1\na: &a [1, *a]\n", "churn.yaml:2: a value contains itself"),
        ("x: 1\nd: 2026-02-31\n", "churn.yaml:2: day is out of range for month"),
        ("x: 1\na: !!python/object:os.system {}\n", "churn.yaml:2: could not determine a constructor for the tag 'tag:yaml.org,2002:python/object:os.system'"),
        ("a: !!int x\n", "churn.yaml:1: invalid literal for int() with base 10: 'x'"),
        ("a: b\0c\n", "churn.yaml:1: unacceptable character #x0000: special characters are not allowed"),
        ("a: '\n", "churn.yaml:2: found unexpected end of stream"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(file, content, fault):
    assert refusal(file, content) == fault


def test_a_number_of_five_thousand_digits_is_told_with_its_line(file):
    assert refusal(file, f"x: 1\na: {'9' * 5000}\n").startswith("churn.yaml:2: Exceeds the limit")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"caf\xe9: 1", bytes(range(256))])
def test_a_binary_file_is_no_text(file, content):
    assert refusal(file, content) == "churn.yaml is not UTF-8 text."


def test_a_file_of_two_mebibytes_is_not_even_read(file):
    tracemalloc.start()
    try:
        found = refusal(file, b"#" * 2 * MAX_BYTES)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found == f"churn.yaml is larger than {MAX_BYTES} bytes."
    assert most < 3 * MAX_BYTES  # the test's own bytes


def test_a_folder_and_a_missing_file_are_told(tmp_path):
    for path in (tmp_path, tmp_path / "gone.yaml"):
        with pytest.raises(InvalidConfiguration, match=r"cannot be read: (Is a dir|No such file)"):
            read_yaml(path)


def test_a_billion_laughs_end_soon_and_in_little_memory(file):
    laughs = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    tracemalloc.start()
    try:
        found = refusal(file, "\n".join(laughs))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found == "churn.yaml:1: stands for more than 100000 values"
    assert most < 100 * 1024 * 1024


@pytest.mark.parametrize("content", ["[" * 5000, "a: " + "{b: " * 5000, "- " * 5000])
def test_deep_nesting_is_refused(file, content):
    assert refusal(file, content) == "churn.yaml:1: is nested too deep"


def test_aliases_and_merges_are_understood(file):
    read = file("base: &base {unit: USD, minimum: 0}\na: {<<: *base, minimum: 1}\nb: *base\n")

    assert read.value["a"] == {"unit": "USD", "minimum": 1}
    assert read.value["b"] == {"unit": "USD", "minimum": 0}
    assert read.locate("/a/unit") == "churn.yaml:2"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(file):
    read = file("a: 1\r\nb: 2\r\n".encode("utf-8-sig"))

    assert read.value == {"a": 1, "b": 2}
    assert read.locate("/b") == "churn.yaml:2"


def test_dates_stay_dates(file):
    assert file("d: 2026-01-31").value == {"d": date(2026, 1, 31)}


def test_a_name_that_yaml_takes_for_true_or_false_is_a_name(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("retrain: {on: [drift], no: on}\n")

    assert read_yaml(path).value == {"retrain": {"on": ["drift"], "no": True}}
    assert read_yaml(path).locate("/retrain/on/0") == "a.yaml:1"
