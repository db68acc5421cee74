"""What a converter refused, told in plain words and at the right place."""

from typing import Literal

import msgspec
import pytest

from minerva.conversion import explained


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What lies deeper."""

    depth: int = 1
    mode: Literal["fast", "exact"] | None = None


class Lenient(msgspec.Struct, frozen=True):
    """Takes what it does not know."""

    size: int = 0


class Outer(msgspec.Struct, forbid_unknown_fields=True):
    """Everything that may hold something else."""

    needed: int
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    named: dict[str, Inner] = {}
    lenient: Lenient = Lenient()
    either: int | str = 0


def told(value) -> dict[str, str]:
    """Return pointer → what is wrong with it."""
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(value, Outer)
    return {fault.where: fault.message for fault in explained(caught.value, value, Outer, "/part")}


def test_every_misspelt_name_is_told_where_it_stands():
    value = {
        "neded": 1,
        "inner": {"dept": 2},
        "many": [{}, {"mod": "fast"}],
        "named": {"a b": {"mode": "exakt"}},
    }

    assert told(value) == {
        "/part/neded": "unknown; did you mean 'needed'?",
        "/part/inner/dept": "unknown; did you mean 'depth'?",
        "/part/many/1/mod": "unknown; did you mean 'mode'?",
        "/part/named/a b/mode": "unknown; did you mean 'exact'?",
    }


def test_a_choice_unlike_any_is_answered_with_all_there_are():
    assert told({"needed": 1, "inner": {"mode": "zzz"}}) == {
        "/part/inner/mode": "unknown; known: exact, fast"
    }


def test_what_takes_strangers_may_have_them():
    assert told({"needed": "x", "lenient": {"sizes": 3}, "either": "text"}) == {
        "/part/needed": "Expected 'int', got 'str'"
    }


def test_where_all_names_are_known_the_first_complaint_is_told():
    assert told({"inner": {}}) == {"/part": "missing member 'needed'"}
    assert told({"needed": 1, "many": [{"depth": "x"}]}) == {
        "/part/many/0/depth": "Expected 'int', got 'str'"
    }
    assert told([]) == {"/part": "Expected 'object', got 'array'"}
