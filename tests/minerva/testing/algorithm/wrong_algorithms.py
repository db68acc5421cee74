"""One algorithm that keeps the contract, and many that break one promise each: imported as a plugin."""

import ctypes
import json
import os
import socket
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from minerva import Algorithm, FieldType, InvalidData, Parameters, hookimpl


class RightModel:
    """A line through the first input; for a category, the share of each value."""

    def __init__(self, facts):
        self.facts = facts

    def predict(self, batch):
        x = np.nan_to_num(batch.matrix()[:, 0].astype(float))
        if self.facts["shares"] is not None:
            return {self.facts["output"]: np.tile(self.facts["shares"], (len(x), 1))}
        return {self.facts["output"]: self.facts["mean"] + self.facts["slope"] * x}

    def save(self, folder):
        (folder / "facts.json").write_text(json.dumps(self.facts))


class Right(Algorithm):
    """Breaks nothing."""

    name = "right"
    model = RightModel

    def train(self, data, context):
        output, field = context.schema.target()
        truth = data.target()
        x = np.nan_to_num(data.inputs.matrix()[:, 0].astype(float))
        shares = None
        if field.type is FieldType.CATEGORY:
            shares = (np.bincount(truth, minlength=len(field.values)) / len(truth)).tolist()
        slope = 0.001 * float(np.corrcoef(x, truth)[0, 1]) if shares is None else 0.0
        mean = float(truth.mean())
        return self.model({"output": output, "mean": mean, "slope": slope, "shares": shares})

    def load(self, folder, context):
        return self.model(json.loads((folder / "facts.json").read_text()))


WRONG = []


def wrong(name):
    """Register a class under a name."""

    def mark(kind):
        kind.name = name
        WRONG.append(kind)
        return kind

    return mark


def answering(name):
    """Register an algorithm whose model answers what the function makes of (model, batch, right)."""

    def mark(function):
        class Model(RightModel):
            def predict(self, batch):
                return function(self, batch, super().predict(batch))

        class Answering(Right):
            model = Model

        return wrong(name)(Answering)

    return mark


@answering("wide")
def _(model, batch, right):
    return {name: column[:, np.newaxis] for name, column in right.items()}


@answering("nan")
def _(model, batch, right):
    return {name: column * np.nan for name, column in right.items()}


@answering("nothing")
def _(model, batch, right):
    return None


@answering("above one")
def _(model, batch, right):
    return {name: 2 * column for name, column in right.items()}


@answering("raises in predict")
def _(model, batch, right):
    raise KeyError("unfortunate")


@wrong("raises in train")
class RaisesInTrain(Right):
    def train(self, data, context):
        return data.no_such_thing


@wrong("refuses")
class Refuses(Right):
    def train(self, data, context):
        raise InvalidData("There are not enough red rows.")


@wrong("explains badly")
class ExplainsBadly(Right):
    class model(RightModel):  # noqa: N801 - an attribute of Right
        def explain(self, batch):
            return np.zeros((len(batch), 99))


@wrong("dice")
class Dice(Right):
    def train(self, data, context):
        model = super().train(data, context)
        model.facts["mean"] += np.random.default_rng().normal()
        return model


@wrong("global dice")
class GlobalDice(Right):
    def train(self, data, context):
        model = super().train(data, context)
        model.facts["mean"] += np.random.rand()  # noqa: NPY002 - the global state is the point
        return model


@wrong("hash order")
class HashOrder(Right):
    def train(self, data, context):
        model = super().train(data, context)
        model.facts["mean"] += hash("text") % 2**40
        return model


@wrong("forgets")
class Forgets(Right):
    class model(RightModel):  # noqa: N801 - as above
        def save(self, folder):
            (folder / "facts.json").write_text(json.dumps({**self.facts, "mean": 0.0}))


@wrong("absolute")
class Absolute(Right):
    class model(RightModel):  # noqa: N801 - as above
        def save(self, folder):
            super().save(folder)
            (folder / "where").write_text(str(folder))

    def load(self, folder, context):
        from pathlib import Path

        return super().load(Path((folder / "where").read_text()), context)


@wrong("remembers")
class Remembers(Right):
    def train(self, data, context):
        type(self).last = super().train(data, context)
        return self.last

    def load(self, folder, context):
        return self.last


@answering("batch mean")
def _(model, batch, right):
    return {
        n: c - (c.mean() if len(c) else 0) + batch.matrix()[:, 1].sum() for n, c in right.items()
    }


@wrong("almost alike")
class AlmostAlike(Right):
    """Says that it may be asked for several callers at once, and rounds by how many there are."""

    class model(RightModel):  # noqa: N801 - as the class above names it
        most_together = 100

        def predict(self, batch):
            return {
                name: column * (1 + len(batch) * 1e-14)
                for name, column in super().predict(batch).items()
            }


@answering("sorted")
def _(model, batch, right):
    return {name: np.sort(column) for name, column in right.items()}


@answering("no empty batch")
def _(model, batch, right):
    batch.matrix().max(axis=0)
    return right


@answering("takes over")
def _(model, batch, right):
    batch["ratio"][:] = 0
    return right


@answering("no holes")
def _(model, batch, right):
    return {name: column + 0 * batch["amount"] for name, column in right.items()}


@answering("afraid of holes")
def _(model, batch, right):
    for value in batch["active"]:
        int(value)
    return right


@wrong("seen values only")
class SeenValuesOnly(Right):
    class model(RightModel):  # noqa: N801 - as above
        def predict(self, batch):
            self.facts["table"][int(batch["kind"].max(initial=0))]
            return super().predict(batch)

    def train(self, data, context):
        model = super().train(data, context)
        model.facts["table"] = [0.0] * (int(data.inputs["kind"].max()) + 1)
        return model


@wrong("seen answers only")
class SeenAnswersOnly(Right):
    def train(self, data, context):
        model = super().train(data, context)
        model.facts["shares"] = [share for share in model.facts["shares"] if share]
        return model


@answering("one at a time")
def _(model, batch, right):
    model.last = right
    time.sleep(0.001)
    return model.last


@wrong("one at a time, declared")
class Declared(Right):
    thread_safe = False
    network = True
    model = next(kind for kind in WRONG if kind.name == "one at a time").model


@answering("talkative")
def _(model, batch, right):
    with suppress(OSError), socket.socket() as line:
        line.connect(("127.0.0.1", 9))
    return right


@wrong("asks for names")
class AsksForNames(Right):
    def train(self, data, context):
        socket.getaddrinfo("localhost", 80)
        return super().train(data, context)


@answering("keeps all")
def _(model, batch, right):
    model.kept = [*getattr(model, "kept", []), np.repeat(batch.matrix(), 2, axis=0)]
    return right


@wrong("hungry")
class Hungry(Right):
    def train(self, data, context):
        np.empty(2**30, dtype=np.uint8)
        return super().train(data, context)


@wrong("writes into the workspace")
class WritesIntoTheWorkspace(Right):
    def train(self, data, context):
        with tempfile.NamedTemporaryFile() as allowed:
            allowed.write(b"fine")
        (context.workspace / "notes.txt").write_text("mine")
        return super().train(data, context)


@wrong("tidies up")
class TidiesUp(Right):
    """Nothing wrong with it."""

    def train(self, data, context):
        with tempfile.TemporaryDirectory() as name:
            (Path(name) / "inner").mkdir()
            (Path(name) / "inner" / "scratch.bin").write_bytes(b"fine")
        return super().train(data, context)


@wrong("writes into its version")
class WritesIntoItsVersion(Right):
    def load(self, folder, context):
        (folder / "cache").mkdir()
        return super().load(folder, context)


@answering("writes from native code")
def _(model, batch, right):
    c = ctypes.CDLL(None)
    c.fopen.restype = ctypes.c_void_p
    c.fopen(b"native.log", b"w")
    return right


@answering("prints")
def _(model, batch, right):
    os.write(1, b"hello there\n")
    return right


class Bare(Parameters):
    """Neither a range nor a description."""

    depth: int = 3
    share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    kind: Annotated[str, msgspec.Meta(description="What it is")] = "a"


@wrong("bare parameters")
class BareParameters(Right):
    Parameters = Bare


@wrong("refuses holes")
class RefusesHoles(Right):
    def train(self, data, context):
        if np.isnan(data.inputs.matrix()).any():
            raise InvalidData("Holes cannot be learnt from.")
        return super().train(data, context)


@wrong("refuses to answer holes")
class RefusesToAnswerHoles(Right):
    class model(RightModel):  # noqa: N801 - as above
        def predict(self, batch):
            if np.isnan(batch.matrix()).any():
                raise InvalidData("Holes cannot be answered.")
            return super().predict(batch)


@wrong("with requirements")
class WithRequirements(Right):
    requirements = ("iniconfig==2.0.0",)

    def train(self, data, context):
        from importlib.metadata import version

        raise ValueError(f"found {version('iniconfig')}")


@hookimpl
def minerva_algorithms():
    """Bring all of them."""
    return [Right(), *(kind() for kind in WRONG)]
