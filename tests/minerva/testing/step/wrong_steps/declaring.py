"""Steps that declare, or say of what they make, something wrong."""

import importlib
import socket
from contextlib import suppress
from pathlib import Path

from minerva import InvalidInput

from .right import (
    CHANCE,
    COLOUR,
    NUMBER,
    Right,
    RightLearner,
    RightOfAny,
    RightSpread,
    saying,
    wrong,
)


@wrong("Shouts")
class Shouts(Right):
    pass


@wrong("helper")
class Helper(Right):
    role = "helper"


@wrong("collects-inside")
class CollectsInside(RightSpread):
    role = "collect"


@wrong("learns-early")
class LearnsEarly(RightLearner):
    role = "handle"


@wrong("no-batch")
class NoBatch(Right):
    batch = 0


@wrong("odd-type")
class OddType(Right):
    inputs = {"x": ("number", "float")}


@wrong("no-label")
class NoLabel(RightSpread):
    label = "title"


@saying("says-nothing")
def says_nothing(step, inputs, right):
    return {}


@saying("says-types")
def says_types(step, inputs, right):
    return {"twice": "number"}


@saying("chance-of-nothing")
def chance_of_nothing(step, inputs, right):
    return {**right, "colour": COLOUR, "colour.green": CHANCE}


@saying("large-chance")
def large_chance(step, inputs, right):
    return {**right, "colour": COLOUR, "colour.red": NUMBER}


@saying("says-more-each-time")
def says_more_each_time(step, inputs, right):
    step.said = getattr(step, "said", 0) + 1
    return {"twice": NUMBER, f"more-{step.said}": NUMBER} if step.said > 1 else right


@saying("asks-to-say")
def asks_to_say(step, inputs, right):
    with suppress(OSError), socket.socket() as line:
        line.connect(("127.0.0.1", 9))
    return right


@saying("writes-to-say")
def writes_to_say(step, inputs, right):
    Path("said.txt").write_text("said")
    return right


@saying("heavy")
def heavy(step, inputs, right):
    importlib.import_module("scipy.special")
    return right


@saying("trusts-inputs", base=RightOfAny)
def trusts_inputs(step, inputs, right):
    return {"file": right["file"], "x": inputs["x"]}


@saying("refuses-oddly", base=RightOfAny)
def refuses_oddly(step, inputs, right):
    if "x" not in inputs:
        raise InvalidInput("There is no x.")
    return right
