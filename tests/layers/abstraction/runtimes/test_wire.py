"""Messages between hosts and callers: what goes in comes out, and nonsense is refused."""

import socket
import threading
from contextlib import suppress

import msgspec
import numpy as np
import pytest
from hosts import SCHEMA, a_batch
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.errors import AlgorithmFailed, TooLarge
from minerva.layers.abstraction.runtimes import wire
from minerva.schema import Batch, Schema

LAYOUT = wire.Layout(SCHEMA)
TEXT = st.none() | st.text(st.characters(codec="utf-8"))
NUMBERS = Schema.parse(
    {"inputs": {f"f{i}": {"type": "number"} for i in range(3)}, "output": {"y": {"type": "number"}}}
)


@pytest.fixture
def ends():
    """Two ends of a connection."""
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(10)
        yield here, there


def sent(message):
    """Return a request as the other side reads it."""
    return wire.requests.decode(bytes(wire.frame(message))[4:])


@given(rows=st.lists(st.tuples(st.floats(), st.integers(-1, 1), TEXT, TEXT, st.floats())))
def test_a_batch_comes_back_bit_by_bit(rows):
    columns = list(zip(*rows, strict=True)) or [()] * 5
    batch = Batch(
        SCHEMA,
        {
            "x": np.array(columns[0], dtype=np.float64),
            "plan": np.array(columns[1], dtype=np.int32),
            "way": np.array([*columns[2], None], dtype=object)[:-1],
            "at": np.array([*columns[3], None], dtype=object)[:-1],
            "since": np.array(columns[4], dtype=np.float64),
        },
        len(rows),
    )

    back = LAYOUT.unpack(sent(wire.Predict(LAYOUT.pack(batch))).columns)

    assert (list(back.columns), len(back), back.keys) == (list(SCHEMA.features), len(rows), None)
    for name, column in batch.columns.items():
        assert back[name].dtype == column.dtype
        if column.dtype == object:
            assert back[name].tolist() == column.tolist()
        else:
            assert back[name].tobytes() == column.tobytes()
        assert back[name].flags.writeable


def test_a_batch_of_numbers_keeps_their_order():
    batch = Batch(NUMBERS, {f"f{i}": np.array([i, i + 0.5]) for i in range(3)}, 2)
    layout = wire.Layout(NUMBERS)

    back = layout.unpack(sent(wire.Predict(layout.pack(batch))).columns)

    assert back.matrix().tolist() == batch.matrix().tolist()


def test_half_a_surrogate_pair_is_replaced():
    back = LAYOUT.unpack(sent(wire.Predict(LAYOUT.pack(a_batch(at="half \ud800")))).columns)

    assert back["at"].tolist() == ["half ?"] * 2


@pytest.mark.parametrize(
    "columns",
    [
        wire.Columns(2, b"", b"", []),
        wire.Columns(1, bytearray(16), bytearray(8), [["a"], ["b"]]),
        wire.Columns(1, bytearray(16), bytearray(4), [["a"]]),
        wire.Columns(1, bytearray(16), bytearray(4), [["a"], ["b", "c"]]),
        wire.Columns(2**63, bytearray(16), bytearray(4), [["a"], ["b"]]),
    ],
)
def test_columns_that_do_not_fit_the_schema_are_refused(columns):
    with pytest.raises(wire.Garbled):
        LAYOUT.unpack(columns)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((2, 3)), np.arange(4, dtype=np.float32), np.array([True, False]), np.zeros((0, 5)),
        np.arange(3, dtype=np.uint8), np.arange(6, dtype=">i4").reshape(2, 3), [1, 2], 5.0,
        np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.float16([1, 2]), np.arange(9)[::2],
        np.array([1.5], dtype=np.longdouble),
    ],
)  # fmt: skip
def test_arrays_of_numbers_come_back(values):
    answer = wire.Predicted(wire.pack_outputs({"y": values}))
    (array,) = wire.answers.decode(bytes(wire.frame(answer))[4:]).outputs

    back = wire.unpack_array(array)

    assert back.tolist() == np.asarray(values).astype(back.dtype).tolist()
    assert back.flags.writeable


@pytest.mark.parametrize("values", [["a"], np.array([{}]), np.array(["2020-01-01"], "M8[D]"), [1j]])
def test_what_is_not_numbers_is_not_sent(values):
    with pytest.raises(AlgorithmFailed, match="Output 'y' holds"):
        wire.pack_array("y", values)


@pytest.mark.parametrize(
    "array",
    [
        wire.Array("y", "|O", (1,), bytearray(8)),
        wire.Array("y", "<U1", (1,), bytearray(4)),
        wire.Array("y", "|b1", (1,), bytearray(1)),
        wire.Array("y", ">f8", (1,), bytearray(8)),
        wire.Array("y", "<f8", (2,), bytearray(8)),
        wire.Array("y", "<f8", (2**62, 2**62, 0), bytearray()),
        wire.Array("y", "<f8", (2**61, 8), bytearray(8)),
    ],
)
def test_an_array_that_is_not_what_it_says_is_refused(array):
    with pytest.raises(wire.Garbled):
        wire.unpack_array(array)


@pytest.mark.parametrize(
    "plain",
    [
        [1, [["y", "<f8", [-1], b""]]],
        [1, [["y", "<f8", [1] * 9, b"12345678"]]],
        [1, [["y" * 5000, "<f8", [0], b""]]],
        [1, [["y", "<f8", [0], b""]] * 10_001],
        [9, 1],
        [7, "code", "message", [["where"]]],
        {"outputs": []},
        None,
    ],
)
def test_an_answer_beyond_its_bounds_is_refused(plain):
    with pytest.raises(msgspec.DecodeError):
        wire.answers.decode(msgspec.msgpack.encode(plain))


@settings(max_examples=300)
@given(noise=st.binary(max_size=200))
def test_noise_is_no_answer(noise):
    try:
        answer = wire.answers.decode(noise)
    except msgspec.DecodeError:
        return
    if isinstance(answer, wire.Predicted):
        for array in answer.outputs:
            with suppress(wire.Garbled):
                wire.unpack_array(array)


def test_frames_arrive_one_by_one_however_they_are_cut(ends):
    here, there = ends
    sent = [wire.frame(wire.Progress(0.5, "x" * length)) for length in (0, 1, 3000, 2)]
    large = wire.frame(wire.Looked(b"y" * 300_000))
    whole = b"".join(sent) + large

    def dribble():
        for byte in whole[:20]:
            there.send(bytes([byte]))
        there.sendall(whole[20:])
        there.shutdown(socket.SHUT_WR)

    threading.Thread(target=dribble).start()
    frames = wire.Frames(here)
    bodies = []
    while (body := frames.next()) is not None:
        bodies.append(bytes(body))

    assert bodies == [bytes(one[4:]) for one in (*sent, large)]


@pytest.mark.parametrize("cut", [1, 4, 5, 100_000])
def test_a_frame_that_is_cut_off_is_refused(ends, cut):
    here, there = ends
    there.sendall(wire.frame(wire.Looked(b"y" * 150_000))[:cut])
    there.shutdown(socket.SHUT_WR)

    with pytest.raises(wire.Garbled, match="cut off"):
        wire.Frames(here).next()


@pytest.mark.parametrize(("promised", "most"), [(2**32 - 1, wire.MAX_FRAME), (1001, 1000)])
def test_a_frame_that_promises_too_much_is_refused_before_it_comes(ends, promised, most):
    here, there = ends
    there.sendall(promised.to_bytes(4, "little"))

    with pytest.raises(wire.Garbled, match="larger"):
        wire.Frames(here).next(most)


def test_an_answer_that_drips_is_no_answer_in_time(ends):
    here, there = ends
    here.settimeout(0.05)
    over = threading.Event()

    def drip():
        with suppress(OSError):
            there.sendall((100_000).to_bytes(4, "little"))
            while not over.wait(0.01):
                there.sendall(b"x")

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        with pytest.raises(TimeoutError):
            wire.Frames(here).next()
    finally:
        over.set()
        dripping.join()


def test_a_message_that_is_too_large_is_not_sent():
    once = bytearray(wire.MAX_FRAME // 2 + 10)

    with pytest.raises(TooLarge, match="send fewer records at once"):
        wire.frame(wire.Predict(wire.Columns(1, once, once, [])))
