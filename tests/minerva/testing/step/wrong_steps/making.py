"""Steps that make something else than they say, or not of each row for itself."""

import numpy as np

from minerva import Field, InvalidConfiguration, Parameters, Spread

from .right import NUMBER, Right, RightGather, RightOfAny, RightSpread, running, wrong


@running("silent")
def silent(step, items, context, right):
    return {}


@running("short")
def short(step, items, context, right):
    return {"twice": right()["twice"][1:]}


@running("texts")
def texts(step, items, context, right):
    return {"twice": right()["twice"].astype(str).astype(object)}


@running("endless")
def endless(step, items, context, right):
    return {"twice": right()["twice"] * np.inf}


@running("raises")
def raises(step, items, context, right):
    raise KeyError("unfortunate")


@running("returns-nothing")
def returns_nothing(step, items, context, right):
    return None


@running("gives-up")
def gives_up(step, items, context, right):
    for row in range(len(items)):
        context.fail(row, "It is Sunday.")
    return right()


@running("not-spread", base=RightSpread)
def not_spread(step, items, context, right):
    return right().columns


@running("disordered", base=RightSpread)
def disordered(step, items, context, right):
    made = right()
    return Spread(made.columns, made.of[::-1])


@running("beyond", base=RightSpread)
def beyond(step, items, context, right):
    made = right()
    return Spread(made.columns, made.of + len(items))


@wrong("beyond-range")
class BeyondRange(Right):
    def outputs(self, inputs, parameters):
        return {"twice": Field(type="number", maximum=1, nullable=True)}


@wrong("half-integers")
class HalfIntegers(Right):
    def outputs(self, inputs, parameters):
        return {"twice": Field(type="integer", nullable=True)}

    def run(self, items, context):
        return {"twice": items["x"] / 4}


@wrong("numbers-only")
class NumbersOnly(RightOfAny):
    def outputs(self, inputs, parameters):
        if not inputs:
            raise InvalidConfiguration("There is nothing to double.")
        return dict.fromkeys(inputs, NUMBER)

    def run(self, items, context):
        return {name: np.asarray(column * 2, float) for name, column in items.columns.items()}


@running("afraid-of-gaps")
def afraid_of_gaps(step, items, context, right):
    if np.isnan(items["x"]).any():
        raise ValueError("gap")
    return right()


@running("spoilt-by-gaps")
def spoilt_by_gaps(step, items, context, right):
    return {"twice": right()["twice"] * (np.nan if np.isnan(items["x"]).any() else 1)}


@wrong("hides-gaps")
class HidesGaps(Right):
    def outputs(self, inputs, parameters):
        return {"twice": Field(type="number")}


@running("less-the-mean")
def less_the_mean(step, items, context, right):
    return {"twice": items["x"] - (np.nanmean(items["x"]) if len(items) else 0)}


@running("first-is-special")
def first_is_special(step, items, context, right):
    made = right()["twice"]
    made[:1] = 0
    return {"twice": made}


@running("one-sum", base=RightGather)
def one_sum(step, items, context, right):
    return {"twice": np.full(items.records, items["x"].sum())}


@running("afraid-of-nothing")
def afraid_of_nothing(step, items, context, right):
    if not len(items):
        raise IndexError("nothing")
    return right()


@running("groups-that-are-there", base=RightGather)
def groups_that_are_there(step, items, context, right):
    sums = [items["x"][items.of == record].sum() for record in np.unique(items.of)]
    return {"twice": np.array(sums, dtype=float)}


class Reason(Parameters):
    reason: str


@wrong("tells")
class Tells(RightOfAny):
    Parameters = Reason

    def run(self, items, context):
        if len(items):
            context.fail(0, context.parameters.reason)
        return super().run(items, context)
