"""Walking through a pickle without reading it: what would call something is found."""

import contextlib
import io
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minerva.layers.abstraction.trust.opcodes import walk

WORDS = [
    "churn\nyes\n",
    "c",
    "(",
    ")",
    "R",
    "i",
    "name\n",
    "I1\n",
    "t",
    "l",
    ".",
    "b",
    "N",
    "\n",
    "0",
]


class Watched(pickle._Unpickler):
    """The standard library's own, in Python, which tells what is asked of it."""

    called = False

    def find_class(self, module, name):
        if not module.strip("\n") or not name.strip("\n"):
            raise ImportError

        def called(*arguments):
            self.called = True
            return called

        return called


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12).map("".join))
def test_whatever_would_call_something_is_found(text):
    watched = Watched(io.BytesIO(text.encode()))
    with contextlib.suppress(Exception):
        watched.load()

    assert walk(io.BytesIO(text.encode())).is_pickle or not watched.called


SIMPLE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@settings(deadline=None)
@given(SIMPLE, st.integers(0, 5))
def test_every_pickle_with_anything_in_it_is_recognised(value, protocol):
    content = pickle.dumps([value], protocol)

    assert walk(io.BytesIO(content)).is_pickle


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "i4", "i8"])
def test_raw_weights_are_taken_for_no_pickle(kind):
    numbers = np.random.default_rng(7).normal(scale=30.0, size=(20_000, 25))

    found = [walk(io.BytesIO(row.astype(kind).tobytes())).is_pickle for row in numbers]

    assert sum(found) <= 1
