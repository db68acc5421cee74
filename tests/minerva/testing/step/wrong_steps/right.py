"""Steps that break nothing, and how others are made of them."""

import numpy as np

from minerva import Field, Learns, Spread, Step

NUMBER = Field(type="number", nullable=True)
TEXT = Field(type="text")
COLOUR = Field(type="category", values=("red", "blue"))
CHANCE = Field(type="number", minimum=0, maximum=1)


class Right(Step):
    """Twice a number."""

    name = "right"
    role = "handle"
    inputs = {"x": ("number", "integer")}

    def outputs(self, inputs, parameters):
        return {"twice": NUMBER}

    def run(self, items, context):
        return {"twice": 2 * items["x"]}


class RightSpread(Right):
    """As many rows as the number says."""

    name = "right-spread"
    shape = "spread"
    label = "name"

    def outputs(self, inputs, parameters):
        return {"name": TEXT}

    def run(self, items, context):
        counts = np.nan_to_num(np.abs(items["x"])).astype(int) % 4
        of = np.repeat(np.arange(len(items)), counts)
        return Spread({"name": np.array([f"{items['x'][at]:g}" for at in of], dtype=object)}, of)


class RightGather(Right):
    """The sum of a record's rows."""

    name = "right-gather"
    role = "post"
    shape = "gather"

    def run(self, items, context):
        return {"twice": np.bincount(items.of, items["x"], items.records).astype(float)}


class RightLearner(Right, Learns):
    """A number less the mean of the rows that were learnt from."""

    name = "right-learner"
    role = "features"

    def fit(self, items, context):
        return {"mean": np.array([np.nanmean(items["x"])])}

    def run(self, items, context):
        return {"twice": items["x"] - context.learnt["mean"][0]}


class RightOfAny(Step):
    """Its inputs, and a file for each row, which later steps find by its name."""

    name = "right-of-any"
    role = "handle"

    def outputs(self, inputs, parameters):
        return {**inputs, "file": TEXT}

    def run(self, items, context):
        files = np.empty(len(items), dtype=object)
        for row in range(len(items)):
            said = " ".join(str(column[row]) for column in items.columns.values())
            files[row] = context.volume.write("note.txt", said.encode())
        return {**items.columns, "file": files}


RIGHT = [Right, RightSpread, RightGather, RightLearner, RightOfAny]
WRONG = []


def wrong(name):
    """Register a class under a name."""

    def mark(kind):
        kind.name = name
        WRONG.append(kind)
        return kind

    return mark


def running(name, base=Right, **declared):
    """Register a step whose `run` the function is: of (step, items, context, what the right one makes)."""

    def mark(function):
        class Running(base):
            def run(self, items, context):
                return function(self, items, context, lambda: base.run(self, items, context))

        Running.__qualname__ = Running.__name__ = f"Running{len(WRONG)}"
        for attribute, value in declared.items():
            setattr(Running, attribute, value)
        return wrong(name)(Running)

    return mark


def saying(name, base=Right):
    """Register a step whose `outputs` the function is: of (step, inputs, what the right one says)."""

    def mark(function):
        class Saying(base):
            def outputs(self, inputs, parameters):
                return function(self, inputs, base.outputs(self, inputs, parameters))

        return wrong(name)(Saying)

    return mark
