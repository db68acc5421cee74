"""Steps that do more than they should: to what they are given, to others and outside."""

import itertools
import socket
import time
import zlib
from contextlib import suppress

import numpy as np

from .right import RightLearner, running, wrong


@running("takes-over")
def takes_over(step, items, context, right):
    made = right()
    items["x"][:] = 0
    return made


@running("counts-from-one")
def counts_from_one(step, items, context, right):
    for row in np.flatnonzero(items["x"] < 0):
        context.fail(int(row) + len(items), "It is negative.")
    return right()


@running("speechless")
def speechless(step, items, context, right):
    for row in np.flatnonzero(items["x"] < 0):
        context.fail(int(row), " ")
    return right()


@running("talkative")
def talkative(step, items, context, right):
    for row in np.flatnonzero(items["x"] < 0):
        context.fail(int(row), f"{items['x'][row]:g} is negative.")
    return right()


@wrong("remembers-objects")
class RemembersObjects(RightLearner):
    def fit(self, items, context):
        return {"mean": np.array([{"mean": np.nanmean(items["x"])}])}

    def run(self, items, context):
        return {"twice": items["x"] - context.learnt["mean"][0]["mean"]}


@wrong("learns-by-chance")
class LearnsByChance(RightLearner):
    def fit(self, items, context):
        return {"mean": np.random.default_rng().random(1)}


@wrong("learns-in-itself")
class LearnsInItself(RightLearner):
    mean = 0.0

    def fit(self, items, context):
        self.mean = float(np.nanmean(items["x"]))
        return {"mean": np.array([self.mean])}

    def run(self, items, context):
        return {"twice": items["x"] - self.mean}


@running("dice")
def dice(step, items, context, right):
    return {"twice": right()["twice"] + np.random.default_rng().random(len(items))}


@running("hash-order")
def hash_order(step, items, context, right):
    words = "".join({f"word-{number}" for number in range(1000)})
    return {"twice": right()["twice"] + zlib.crc32(words.encode())}


NUMBERS = itertools.count()


@running("one-at-a-time")
def one_at_a_time(step, items, context, right):
    mine = next(NUMBERS)
    step.mine = mine
    for _ in range(50):
        time.sleep(0)
        if step.mine != mine:
            return {"twice": -7 - right()["twice"]}
    return right()


@running("calls-out")
def calls_out(step, items, context, right):
    with suppress(OSError), socket.socket() as line:
        line.connect(("127.0.0.1", 9))
    return right()


@running("leaves-notes")
def leaves_notes(step, items, context, right):
    (context.workspace / "notes.txt").write_text("I was here")
    return right()


@running("goes-out", outside=True)
def goes_out(step, items, context, right):
    (context.workspace / "notes.txt").write_text("I was here")
    return {"twice": right()["twice"] + next(NUMBERS)}
