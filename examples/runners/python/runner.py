"""A learner for Minerva in plain Python: linear and logistic regression, no library.

It speaks the runner protocol (docs/runner-protocol.md): a request per line on standard input, an
answer per line on standard output. Try it: minerva test --command "python3 runner.py"
"""

import json
import math
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Row = list[float]
Progress = Callable[[float, str], None]
EPOCHS = 30


class Invalid(Exception):
    """Data that cannot be learnt from; the message goes to the person who asked for the training."""


# --- features: every field becomes one or more numbers, of mean 0 and deviation 1 ---


def plan(fields: list[Json], records: list[Json]) -> list[Any]:
    """Return how each input becomes numbers: (name, value or None, mean, deviation)."""
    features = []
    for field in fields:
        name = field["name"]
        if field["type"] == "text":
            continue  # this learner cannot read
        for value in field.get("values", [None]):
            numbers = [number(record["inputs"][name], value) for record in records]
            known = [n for n in numbers if n is not None]
            mean = sum(known) / len(known) if known else 0.0
            variance = sum((n - mean) ** 2 for n in known) / len(known) if known else 0.0
            features.append([name, value, mean, math.sqrt(variance) or 1.0])
    return features


def number(cell: Any, value: Any) -> float | None:
    """Return a cell as a number, None where it is missing; of a category, whether it is this value."""
    if cell is None:
        return None
    return float(cell if value is None else cell == value)


def encode(features: list[Any], record: Json) -> Row:
    """Return a record as numbers; what is missing counts as average."""
    row = []
    for name, value, mean, deviation in features:
        n = number(record[name], value)
        row.append(0.0 if n is None else (n - mean) / deviation)
    return row


# --- learning: one linear score per column of the answer, by stochastic gradient descent ---


def fit(
    rows: list[Row], columns: list[Row], link: Callable[[float], float], seed: int
) -> list[Row]:
    """Return weights, bias last, for each column of truth."""
    shuffled = list(range(len(rows)))
    chance = random.Random(seed)  # noqa: S311 - repeatable, as the protocol asks
    return [descend(rows, truth, link, chance, shuffled) for truth in columns]


def descend(
    rows: list[Row],
    truth: Row,
    link: Callable[[float], float],
    chance: random.Random,
    order: list[int],
) -> Row:
    width = len(rows[0]) if rows else 0
    weights, average = [0.0] * (width + 1), [0.0] * (width + 1)
    for epoch in range(EPOCHS):
        rate = 0.1 / (1 + epoch) / math.sqrt(width + 1)
        chance.shuffle(order)
        for i in order:
            row = rows[i]
            error = link(score(weights, row)) - truth[i]
            for j, x in enumerate(row):
                weights[j] -= rate * error * x
            weights[width] -= rate * error
        if epoch >= EPOCHS // 2:  # the average of the second half wobbles less than the end
            average = [
                a + w / (EPOCHS - EPOCHS // 2) for a, w in zip(average, weights, strict=True)
            ]
    return average


def score(weights: Row, row: Row) -> float:
    return math.fsum(w * x for w, x in zip(weights, [*row, 1.0], strict=True))


def logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))


# --- requests ---


def train(request: Json, progress: Progress) -> Json:
    with Path(request["data"]).open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    if not records:
        raise Invalid("there are no records to learn from")
    schema = request["schema"]
    features = plan(schema["inputs"], records)
    rows = [encode(features, record["inputs"]) for record in records]
    outputs = []
    for done, field in enumerate(schema["output"]):
        progress(done / len(schema["output"]), "learning " + field["name"])
        truth = [record["output"][field["name"]] for record in records]
        kept = [i for i, value in enumerate(truth) if value is not None]
        if not kept:
            raise Invalid(f"output {field['name']} has no value to learn from")
        learn = learn_number if field["type"] in ("number", "integer") else learn_chances
        some = [truth[i] for i in kept]
        outputs.append(learn(field, [rows[i] for i in kept], some, request["seed"]))
    model = json.dumps({"features": features, "outputs": outputs})
    Path(request["folder"], "model.json").write_text(model, encoding="utf-8")
    return {}


def learn_number(field: Json, rows: list[Row], truth: Row, seed: int) -> Json:
    mean = sum(truth) / len(truth)
    deviation = math.sqrt(sum((t - mean) ** 2 for t in truth) / len(truth)) or 1.0
    scaled = [(t - mean) / deviation for t in truth]
    weights = fit(rows, [scaled], lambda z: z, seed)
    return {"name": field["name"], "type": "number", "weights": weights, "scale": [mean, deviation]}


def learn_chances(field: Json, rows: list[Row], truth: list[Any], seed: int) -> Json:
    """One logistic regression for each value of a category, or for true."""
    values = field.get("values", [True])
    weights = fit(rows, [[float(t == v) for t in truth] for v in values], logistic, seed)
    return {"name": field["name"], "type": field["type"], "weights": weights}


def load(request: Json) -> Json:
    model: Json = json.loads(Path(request["folder"], "model.json").read_text(encoding="utf-8"))
    return model


def rows_of(model: Json, request: Json) -> Iterator[Row]:
    columns = request["columns"]
    for i in range(request["rows"]):
        yield encode(model["features"], {name: column[i] for name, column in columns.items()})


def predict(model: Json, request: Json) -> Json:
    rows = list(rows_of(model, request))
    return {"predictions": {o["name"]: [answer(o, row) for row in rows] for o in model["outputs"]}}


def answer(output: Json, row: Row) -> float | Row:
    scores = [score(weights, row) for weights in output["weights"]]
    if output["type"] == "number":
        mean, deviation = output["scale"]
        return float(mean + deviation * scores[0])
    if output["type"] == "boolean":
        return logistic(scores[0])
    chances = [logistic(z) + 1e-12 for z in scores]
    return [chance / sum(chances) for chance in chances]


def explain(model: Json, request: Json) -> Json:
    """What each input adds to the last score of the first output."""
    weights = model["outputs"][0]["weights"][-1]
    added = {name: [0.0] * request["rows"] for name in request["columns"]}
    for i, row in enumerate(rows_of(model, request)):
        for (name, *_), w, x in zip(model["features"], weights[:-1], row, strict=True):
            added[name][i] += w * x
    return {"contributions": added}


def hello() -> Json:
    return {
        "protocol": 1,
        "name": "linear models in plain Python",
        "version": "1",
        "capabilities": ["train", "predict", "explain"],
        "max_line": 64 * 1024 * 1024,
    }


class Runner:
    """Answers requests, one after the other; holds the model that was loaded last."""

    def __init__(self, say: Callable[[Json], None]) -> None:
        self.say = say
        self.model: Json = {}

    def handle(self, request: Json) -> Json:
        match request["type"]:
            case "hello":
                return hello()
            case "train":
                return train(request, lambda done, message: self.progress(request, done, message))
            case "load":
                self.model = load(request)
                return {}
            case "predict":
                return predict(self.model, request)
            case "explain":
                return explain(self.model, request)
            case "bye":
                return {}
            case unknown:
                raise ValueError(f"unknown request {unknown}")

    def progress(self, request: Json, done: float, message: str) -> None:
        self.say({"id": request["id"], "progress": done, "message": message})

    def answer(self, request: Json) -> Json:
        try:
            return {"id": request["id"], "result": self.handle(request)}
        except Invalid as error:
            code, message = "invalid_data", str(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next request is answered
            print(repr(error), file=sys.stderr)
            code, message = "failed", str(error)
        return {"id": request["id"], "error": {"code": code, "message": message}}


def main() -> None:
    out, sys.stdout = sys.stdout, sys.stderr  # print() writes to the log, never into the protocol

    def say(message: Json) -> None:
        out.write(json.dumps(message, allow_nan=False) + "\n")
        out.flush()

    runner = Runner(say)
    for line in sys.stdin:
        request = json.loads(line)
        say(runner.answer(request))
        if request["type"] == "bye":
            return


if __name__ == "__main__":
    main()
