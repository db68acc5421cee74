"""The small parts of flows: order, volume, memory, packing, tensors, drawing, fitting."""

import math
import os
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from minerva import Field
from minerva.errors import InvalidConfiguration, InvalidData, InvalidInput, Unavailable
from minerva.layers.abstraction.flows.attempting import Tries, attempt
from minerva.layers.abstraction.flows.cache import Cache, filled, keys_of, row_of
from minerva.layers.abstraction.flows.drawing import svg
from minerva.layers.abstraction.flows.failure import Failure
from minerva.layers.abstraction.flows.order import ordered
from minerva.layers.abstraction.flows.packing import (
    pack_items,
    pack_made,
    unpack_items,
    unpack_made,
)
from minerva.layers.abstraction.flows.shared_folder import SharedFolder
from minerva.layers.abstraction.flows.tensors import from_tensors, to_tensors
from minerva.layers.abstraction.flows.volume import RequestVolume, sweep
from minerva.layers.abstraction.flows.work import Made
from minerva.step import Items

FIELDS = {
    "number": Field(type="number", nullable=True),
    "text": Field(type="text", nullable=True),
    "colour": Field(type="category", values=("red", "blue"), nullable=True),
    "yes": Field(type="boolean"),
}
rows = some.lists(
    some.tuples(
        some.floats(allow_nan=True, allow_infinity=False),
        some.none() | some.text(max_size=20),
        some.integers(-1, 1),
        some.sampled_from([0.0, 1.0]),
    ),
    max_size=12,
)


def items_of(values) -> Items:
    """Return items of these rows."""
    numbers, texts, colours, truths = zip(*values, strict=True) if values else ((), (), (), ())
    text = np.empty(len(texts), dtype=object)
    text[:] = texts
    columns = {
        "number": np.array(numbers, dtype=float),
        "text": text,
        "colour": np.array(colours, dtype=np.int32),
        "yes": np.array(truths, dtype=float),
    }
    return Items.single(FIELDS, columns, len(values))


def same(one, other) -> bool:
    """Tell whether two sets of columns hold the same."""
    return set(one) == set(other) and all(
        np.array_equal(one[name], other[name], equal_nan=one[name].dtype.kind == "f")
        for name in one
    )


@settings(deadline=None)
@given(rows)
def test_items_come_out_of_packing_as_they_went_in(values):
    items = items_of(values)

    unpacked = unpack_items(pack_items(items), FIELDS)

    assert same(items.columns, unpacked.columns)
    assert (items.of.tolist(), items.records) == (unpacked.of.tolist(), unpacked.records)


@settings(deadline=None)
@given(rows)
def test_what_was_made_comes_out_of_packing_as_it_went_in(values):
    made = Made(items_of(values).columns, np.arange(len(values)), {3: Failure.of("bad")})

    unpacked = unpack_made(pack_made(made))

    assert same(made.columns, unpacked.columns)
    assert (made.of.tolist(), made.failed) == (unpacked.of.tolist(), unpacked.failed)


@pytest.mark.parametrize("content", [b"", b"\xc1", b"\x90", b"{}"])
def test_what_is_damaged_is_told(content):
    with pytest.raises(InvalidData):
        unpack_items(content, FIELDS)


@settings(deadline=None)
@given(rows)
def test_columns_come_back_from_tensors(values):
    columns = items_of(values).columns

    assert same(columns, from_tensors(to_tensors(columns, FIELDS), FIELDS))


@settings(deadline=None)
@given(some.integers(1, 60), some.sets(some.integers(0, 59)), some.booleans())
def test_whatever_items_fail_the_others_are_made_as_if_alone(count, bad, tells):
    values = np.arange(count, dtype=float)
    items = Items.single({"value": Field(type="number")}, {"value": values}, count)

    def do(some_items):
        wrong = np.flatnonzero(np.isin(some_items["value"], list(bad)))
        if len(wrong) and not tells:
            raise ValueError("no")
        return Made(
            {"twice": 2 * some_items["value"]},
            None,
            dict.fromkeys(wrong.tolist(), Failure.of("no")),
        )

    tries = Tries(0, 0, math.inf, allowed=count)
    made = attempt(do, items, np.arange(count), tries)

    failing = {one for one in bad if one < count}
    assert set(tries.failures) == failing
    assert set(made.failed) == failing
    good = [row for row in range(count) if row not in failing]
    if good:
        assert made.columns["twice"][good].tolist() == [2.0 * row for row in good]


@settings(deadline=None)
@given(some.lists(some.integers(0, 4), max_size=20), some.sets(some.integers(0, 19)))
def test_whatever_rows_fail_to_spread_the_others_spread_in_order(counts, bad):
    items = Items.single(
        {"count": Field(type="number")}, {"count": np.array(counts, float)}, len(counts)
    )
    items.columns["at"] = np.arange(len(counts), dtype=float)

    def do(some_items):
        if np.isin(some_items["at"], list(bad)).any():
            raise ValueError("no")
        of = np.repeat(np.arange(len(some_items)), some_items["count"].astype(int))
        return Made({"at": some_items["at"][of]}, of)

    tries = Tries(0, 0, math.inf, allowed=len(counts))
    made = attempt(do, items, np.arange(len(counts)), tries)

    expected = [at for at, count in enumerate(counts) if at not in bad for _ in range(count)]
    assert (made.columns["at"].tolist() if made.columns else []) == expected
    assert made.of is None or made.of.tolist() == expected


def test_steps_stand_in_an_order_in_which_they_can_run():
    needs = {"c": frozenset({"b"}), "a": frozenset(), "b": frozenset({"a"}), "d": frozenset()}

    assert ordered(needs) == ["a", "d", "b", "c"]


def test_a_circle_is_told_by_all_its_steps():
    with pytest.raises(InvalidConfiguration) as failed:
        ordered({"a": frozenset({"c"}), "b": frozenset({"a"}), "c": frozenset({"b"})})

    assert "→" in failed.value.faults[0].message


def test_files_of_one_name_get_names_of_their_own(tmp_path):
    volume = RequestVolume(tmp_path, "0" * 32, 1)

    names = [volume.write("holiday photo.jpg", b"x") for _ in range(3)]

    assert names == ["holiday_photo.jpg", "holiday_photo-1.jpg", "holiday_photo-2.jpg"]
    assert [volume.path(name).read_bytes() for name in names] == [b"x"] * 3


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", ".", "", "a/../../b"])
def test_no_name_leads_out_of_the_volume(tmp_path, name):
    volume = RequestVolume(tmp_path, "0" * 32, 1)
    volume.write("a.txt", b"x")

    with pytest.raises(InvalidInput):
        volume.path(name)


def test_a_link_in_the_volume_is_not_followed(tmp_path):
    volume = RequestVolume(tmp_path, "0" * 32, 1)
    volume.write("a.txt", b"x")
    (volume.folder / "link").symlink_to("/etc/passwd")

    with pytest.raises(InvalidInput):
        volume.path("link")


@pytest.mark.parametrize("run", ["", "..", "../other", "G" * 32, "a/b"])
def test_a_run_is_named_by_hexadecimal_digits_only(tmp_path, run):
    with pytest.raises(InvalidInput):
        RequestVolume(tmp_path, run, 1)


def test_the_quota_holds_for_all_files_together(tmp_path):
    volume = RequestVolume(tmp_path, "0" * 32, 1)
    volume.write("a", b"x" * 600_000)

    with pytest.raises(Unavailable, match="more than 1 MB"):
        volume.write("b", b"x" * 600_000)


def test_old_requests_files_are_swept_and_young_and_shared_ones_stay(tmp_path):
    old, young = RequestVolume(tmp_path, "a" * 32, 1), RequestVolume(tmp_path, "b" * 32, 1)
    for volume in (old, young):
        volume.write("a", b"x")
    (old.shared / "kept").write_bytes(b"x")
    os.utime(old.folder, (0, 0))

    assert sweep(tmp_path, 60) == 1
    assert (old.folder.exists(), young.folder.exists()) == (False, True)
    assert (old.shared / "kept").exists()


def test_what_requests_share_is_counted_as_it_lies_there_whoever_wrote_it(tmp_path):
    mine, theirs = (SharedFolder(tmp_path / "shared", quota_mb=1) for _ in range(2))
    (theirs.open() / "deep").mkdir()
    (theirs.path / "deep" / "a").write_bytes(b"x" * 2**19)
    (theirs.path / "b").write_bytes(b"x" * 2**19)
    assert mine.open() == tmp_path / "shared"

    (theirs.path / "one byte more").write_bytes(b"x")
    with pytest.raises(Unavailable, match="more than 1 MB"):
        mine.open()

    (theirs.path / "b").unlink()
    assert mine.open().is_dir()


def test_a_link_that_requests_share_counts_for_itself_and_its_goal_is_not_removed(tmp_path):
    (tmp_path / "large").write_bytes(b"x" * 2**21)
    folder = SharedFolder(tmp_path / "shared", quota_mb=1, keep_s=60)
    (folder.open() / "link").symlink_to(tmp_path / "large")
    (folder.path / "around").symlink_to(folder.path)

    assert folder.open().is_dir()
    assert folder.clean(now=4e9) == 2
    assert (tmp_path / "large").exists()


@pytest.mark.parametrize(("keep_s", "left"), [(60, {"young"}), (None, {"young", "old"})])
def test_what_requests_share_is_removed_by_age_if_that_is_declared(tmp_path, keep_s, left):
    folder = SharedFolder(tmp_path / "shared", keep_s=keep_s)
    for name, age in (("young", 10), ("old", 100)):
        (folder.open() / name).write_bytes(b"x")
        os.utime(folder.path / name, (1000 - age, 1000 - age))

    folder.clean(now=1000)

    assert {file.name for file in folder.path.iterdir()} == left


def test_memory_forgets_what_was_not_asked_for_longest():
    cache = Cache(most=2)
    cache.put([b"a", b"b"], [{"x": 1}, {"x": 2}], 60)

    assert cache.get([b"a"]) == [{"x": 1}]
    cache.put([b"c"], [{"x": 3}], 60)

    assert cache.get([b"a", b"b", b"c"]) == [{"x": 1}, None, {"x": 3}]


def test_memory_forgets_what_is_old():
    cache = Cache()
    cache.put([b"a"], [{"x": 1}], -1)

    assert cache.get([b"a"]) == [None]


@settings(deadline=None)
@given(rows)
def test_equal_rows_have_equal_keys_and_others_do_not(values):
    keys = keys_of(items_of(values), "step", "3")

    plain = [repr(one) for one in values]
    assert len(set(keys)) <= len(set(plain)) or "-0.0" in str(plain)
    assert keys == keys_of(items_of(values), "step", "3")
    assert not values or keys != keys_of(items_of(values), "step", "4")


@settings(deadline=None)
@given(rows.filter(len), some.data())
def test_known_rows_stand_in_their_places(values, data):
    columns = items_of(values).columns
    known = [
        row_of(columns, row) if data.draw(some.booleans()) else None for row in range(len(values))
    ]
    new = [row for row, one in enumerate(known) if one is None]

    made = filled({name: column[new] for name, column in columns.items()}, known)

    assert same(made, columns)


def test_a_drawing_is_xml_with_each_step_in_it():
    step = {
        "role": "post", "kind": "rank", "where": "queue:batch", "each": "a", "needs": [],
        "from_flow": True,
    }  # fmt: skip
    told = {
        "service": "<flow>",
        "inputs": {"x": "number"},
        "steps": [{**step, "name": "a", "each": None}, {**step, "name": "b", "needs": ["a"]}],
        "answer": {"y": "b.y"},
    }

    texts = [one.text for one in ET.fromstring(svg(told)).iter() if one.text]

    assert {"a", "b", "asked", "answered", "post: rank"} <= set(texts)
    assert "The steps of flow <flow>" in texts
