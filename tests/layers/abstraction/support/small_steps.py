"""Steps that do as they are told, for flows of the tests; also a plugin of their workspaces."""

import os
import threading
import time
from uuid import uuid4

import numpy as np

from minerva import Field, Learns, Parameters, Spread, Step, hookimpl
from minerva.errors import InvalidInput, Unavailable

NUMBER = Field(type="number")
MEETING = threading.Barrier(2)
SEEN = {"calls": 0, "inside": set(), "most": 0, "rows": []}
LOCK = threading.Lock()


class Rows(Step):
    """As many rows as a record says, numbered; 0 to its number less one."""

    name = "rows"
    role = "collect"
    shape = "spread"
    inputs = {"count": ("number", "integer")}
    label = "name"

    def outputs(self, inputs, parameters):
        return {"value": NUMBER, "name": Field(type="text")}

    def run(self, items, context):
        counts = items["count"].astype(int)
        of = np.repeat(np.arange(len(items)), counts)
        values = np.concatenate([np.arange(count) for count in counts] or [[]]).astype(float)
        names = np.array([f"row-{value:.0f}" for value in values], dtype=object)
        return Spread({"value": values, "name": names}, of)


class BadParameters(Parameters, frozen=True, kw_only=True):
    at: list[float] = []
    how: str = "raise"
    times: int = 1_000_000
    """How often it does so; then it is well."""


class Fragile(Step):
    """Twice a number; fails at some values, in the way it is told."""

    name = "fragile"
    role = "handle"
    inputs = {"value": ("number",)}
    Parameters = BadParameters

    def outputs(self, inputs, parameters):
        return {"twice": NUMBER}

    def run(self, items, context):
        wanted = context.parameters
        bad = np.flatnonzero(np.isin(items["value"], wanted.at))
        with LOCK:
            SEEN["calls"] += 1
            SEEN["rows"].append(len(items))
            well = SEEN["calls"] > wanted.times
        if len(bad) and not well:
            if wanted.how == "tell":
                for row in bad:
                    context.fail(row, "This value is bad.")
            elif wanted.how == "tell away":
                context.fail(int(bad[0]), Unavailable("This value is away."))
            elif wanted.how == "away":
                raise Unavailable("Not now.")
            elif wanted.how == "input":
                raise InvalidInput("This value is none.")
            elif wanted.how == "short":
                return {"twice": np.zeros(len(items) - 1)}
            elif wanted.how == "exit":
                raise SystemExit(3)
            else:
                raise ValueError("jane@example.org")
        return {"twice": 2 * items["value"]}


class Total(Step):
    """The sum of a record's rows, and how many there are."""

    name = "total"
    role = "post"
    shape = "gather"
    inputs = {"value": ("number",)}

    def outputs(self, inputs, parameters):
        return {"total": NUMBER, "rows": NUMBER}

    def run(self, items, context):
        total = np.bincount(items.of, items["value"], items.records)
        return {
            "total": total,
            "rows": np.bincount(items.of, minlength=items.records).astype(float),
        }


class Even(Step):
    """Keeps the rows with an even value."""

    name = "even"
    role = "handle"
    shape = "spread"
    inputs = {"value": ("number",)}

    def outputs(self, inputs, parameters):
        return {"value": NUMBER}

    def run(self, items, context):
        kept = np.flatnonzero(items["value"] % 2 == 0)
        return Spread({"value": items["value"][kept]}, kept)


class SlowParameters(Parameters, frozen=True, kw_only=True):
    seconds: float = 0.0


class Slow(Step):
    """The value as it is, later; counts how many work at once."""

    name = "slow"
    role = "handle"
    outside = True
    inputs = {"value": ("number",)}
    Parameters = SlowParameters

    def outputs(self, inputs, parameters):
        return {"value": NUMBER}

    def run(self, items, context):
        this = object()  # not a number: one that a test left behind must not count for the next
        with LOCK:
            SEEN["inside"].add(this)
            SEEN["most"] = max(SEEN["most"], len(SEEN["inside"]))
        time.sleep(context.parameters.seconds)
        with LOCK:
            SEEN["inside"].discard(this)
        return {"value": items["value"]}


class HoldParameters(Parameters, frozen=True, kw_only=True):
    at: float = 0.0


class Hold(Step):
    """The value as it is; from some value on it says who holds it, and waits until it may go on."""

    name = "hold"
    role = "handle"
    outside = True
    inputs = {"value": ("number",)}
    Parameters = HoldParameters

    def outputs(self, inputs, parameters):
        return {"value": NUMBER}

    def run(self, items, context):
        shared = context.volume.shared
        if items["value"].max() >= context.parameters.at:
            new = shared / f"new-{threading.get_ident()}"
            new.write_text(str(os.getpid()))
            new.rename(shared / "held")
            while not (shared / "go").exists():
                time.sleep(0.01)
        return {"value": items["value"]}


class Meet(Step):
    """Waits for another one that does the same: they are done only if they run beside each other."""

    name = "meet"
    role = "handle"
    outside = True
    inputs = {"value": ("number",)}

    def outputs(self, inputs, parameters):
        return {"value": NUMBER}

    def run(self, items, context):
        MEETING.wait(20)
        return {"value": items["value"]}


class Mean(Step, Learns):
    """The distance from the mean of the training rows."""

    name = "mean"
    role = "features"
    inputs = {"value": ("number",)}

    def outputs(self, inputs, parameters):
        return {"apart": NUMBER}

    def fit(self, items, context):
        return {"mean": np.array([items["value"].mean()])}

    def run(self, items, context):
        return {"apart": items["value"] - context.learnt["mean"][0]}


class Write(Step):
    """A file of the request's volume, and how many there are."""

    name = "write"
    role = "handle"
    inputs = {"value": ("number",)}

    def outputs(self, inputs, parameters):
        return {"file": Field(type="text")}

    def run(self, items, context):
        names = [context.volume.write("a.txt", b"x" * 1000) for _ in range(len(items))]
        return {"file": np.array(names, dtype=object)}


class Read(Step):
    """How long a file of the volume is."""

    name = "read"
    role = "handle"
    inputs = {"file": ("text",)}

    def outputs(self, inputs, parameters):
        return {"bytes": NUMBER}

    def run(self, items, context):
        sizes = [context.volume.path(name).stat().st_size for name in items["file"]]
        return {"bytes": np.array(sizes, dtype=float)}


class Fill(Step):
    """The value as it is; so many bytes more lie in the folder that requests share."""

    name = "fill"
    role = "handle"
    outside = True
    inputs = {"value": ("number",)}

    def outputs(self, inputs, parameters):
        return {"value": NUMBER}

    def run(self, items, context):
        for size in items["value"]:
            (context.volume.shared / uuid4().hex).write_bytes(b"x" * int(size))
        return {"value": items["value"]}


@hookimpl
def minerva_steps():
    """Bring all of them."""
    few = [Rows(), Fragile(), Total(), Even(), Slow(), Hold(), Meet(), Mean()]
    return [*few, Write(), Read(), Fill()]
