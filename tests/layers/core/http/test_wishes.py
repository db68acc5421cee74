"""How sure a prediction is, and why, is told in every way of asking; each has its own words for that."""

import csv
import io
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from minerva.bootstrap import open_job
from minerva.layers.abstraction.services.parsing import parse
from minerva.settings import load

PLUGINS = Path(__file__).parents[3] / "plugins"
OUTPUTS = {
    "value": ("linear", {"shift": 1.0}, {"y": {"type": "number"}}),
    "plan": ("mean", {}, {"plan": {"type": "category", "values": ["gold", "tin"]}}),
}
X, PATH = 3, "/v1/services/value/predict"
TABLE = f"id,x\nC-1,{X}\n".encode()
DOCUMENT = f"<records><record><id>C-1</id><x>{X}</x></record></records>"
TENSORS = [{"name": "x", "datatype": "INT64", "shape": [2], "data": [X, X]}]
WISHES = "?explain=true&confidence=true"
# y is twice x, and the model says one more than that
TOLD = {"y": "7.0", "y_low": "6.0", "y_high": "8.0", "explanation_x": "6.0", "explanation_z": "0.0"}


@pytest.fixture(scope="session")
def trained(tmp_path_factory, prepared) -> Path:
    """A workspace with two versions that know how sure they are, and one that does not; to be copied."""
    folder = Path(shutil.copytree(prepared, tmp_path_factory.mktemp("trained") / "workspace"))
    for name in ("linear", "mean"):
        shutil.copy(PLUGINS / f"{name}.py", folder / "plugins")
    rows = [f"c-{n},{n % 7},0,{n % 7 * 2},{'gold' if n % 4 else 'tin'}" for n in range(400)]
    (folder / "data.csv").write_text("\n".join(["id,x,z,y,plan", *rows]) + "\n")
    inputs = {"x": {"type": "integer"}, "z": {"type": "integer", "default": 0}}
    for name, (algorithm, parameters, output) in OUTPUTS.items():
        declared = {
            "service": name,
            "algorithm": algorithm,
            "parameters": parameters,
            "schema": {"key": "id", "inputs": inputs, "output": output},
            "data": {"source": "csv", "path": "data.csv"},
            "training": {"below_baseline": "promote"},
        }
        (folder / "services" / f"{name}.yaml").write_text(json.dumps(declared))
        with open_job(load(folder, {})) as container:
            configuration = container.registry.declare("default", parse(declared), "tests")
            made = container.versioning.make(
                configuration, job_id=None, author="tests", progress=lambda *_: None
            )
            assert made["promoted"] is True, made
    return folder


@pytest.fixture
def workspace(tmp_path, trained) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(trained, tmp_path / "workspace"))


@pytest.fixture
def ask(sidecar):
    """Return a function that sends a body: JSON, or text of a content type."""
    client = sidecar.client(default_service="value")
    headers = sidecar.headers("predict")

    def asked(path, body, content_type="application/json", **more):
        data = body if isinstance(body, bytes | str) else json.dumps(body)
        return client.post(path, data=data, content_type=content_type, headers={**headers, **more})

    return asked


def outputs(response):
    """Return output name → its tensor, of an inference in JSON."""
    assert response.status_code == 200, response.text
    return {one["name"]: one for one in response.json["outputs"]}


def infer(ask, service="value", **more):
    return ask(f"/v2/models/{service}/infer", {"inputs": TENSORS, **more})


def cells(response):
    """Return the first row of a table that answers."""
    assert response.status_code == 200, response.text
    return next(csv.DictReader(io.StringIO(response.text)))


def where(response):
    assert response.status_code == 422, response.text
    return response.json["faults"][0]["where"]


def fp64(name, data, shape=(2,)):
    return {"name": name, "datatype": "FP64", "shape": [*shape], "data": data}


def test_an_inference_has_further_tensors(ask):
    told = outputs(infer(ask, parameters={"confidence": True, "explain": True}))

    assert list(told) == ["y", "y_low", "y_high", "explanation"]
    assert told["y_low"] == fp64("y_low", [6, 6])
    assert told["y_high"] == fp64("y_high", [8, 8])
    assert told["explanation"] == fp64("explanation", [6, 0, 6, 0], (2, 2))


def test_a_class_has_one_tensor_that_tells_how_sure_it_is(ask):
    told = outputs(infer(ask, "plan", parameters={"confidence": True}))

    assert list(told) == ["plan", "plan_probabilities", "plan_confidence"]
    assert told["plan_confidence"]["shape"] == [2]
    assert told["plan_confidence"]["data"] == [pytest.approx(0.75, abs=0.1)] * 2


def test_tensors_that_are_named_come_in_that_order_and_are_asked_for_so(ask):
    names = ["explanation_x", "y_high", "y", "explanation"]

    told = outputs(infer(ask, outputs=[{"name": name} for name in names]))

    assert list(told) == names
    assert told["explanation_x"] == fp64("explanation_x", [6, 6])
    assert list(outputs(infer(ask, outputs=[{"name": "y_low"}]))) == ["y_low"]


def test_what_parameters_ask_for_comes_after_the_tensors_that_are_named(ask):
    wishes = {"confidence": True, "explain": True}

    told = outputs(infer(ask, outputs=[{"name": "y_high"}], parameters=wishes))

    assert list(told) == ["y_high", "y_low", "explanation"]


def test_further_tensors_are_binary_where_that_is_asked_for(ask):
    response = infer(ask, parameters={"confidence": True, "binary_data_output": True})

    length = int(response.headers["Inference-Header-Content-Length"])
    head = json.loads(response.data[:length])
    assert [one["name"] for one in head["outputs"]] == ["y", "y_low", "y_high"]
    assert all(one["parameters"] == {"binary_data_size": 16} for one in head["outputs"])
    assert np.frombuffer(response.data[length:]).tolist() == [7, 7, 6, 6, 8, 8]


def test_metadata_lists_what_comes_unasked_as_some_clients_ask_for_all_of_it(sidecar):
    headers = sidecar.headers("predict")

    told = sidecar.client().get("/v2/models/value", headers=headers).json["outputs"]

    assert [one["name"] for one in told] == ["id", "y"]


@pytest.mark.parametrize("form", ["dataframe_records", "instances", "inputs"])
def test_an_invocation_says_it_among_its_params(ask, form):
    body = {form: [{"x": X}], "params": {"confidence": True, "explain": True}}

    (told,) = ask("/invocations", body).json["predictions"]

    assert told == {
        "id": None,
        "y": 7,
        "y_interval": {"low": 6, "high": 8},
        "explanation": {"x": 6, "z": 0},
    }


@pytest.mark.parametrize("path", ["/invocations", "/models/value/invoke"])
def test_a_table_that_is_invoked_says_it_in_the_query(ask, path):
    told = ask(path + WISHES, TABLE, "text/csv", Accept="text/csv")
    asked_in_json = ask(
        path,
        {"instances": [{"id": "C-1", "x": X}], "params": {"confidence": True, "explain": True}},
        Accept="text/csv",
    )

    assert cells(told) == cells(asked_in_json) == {"id": "C-1", **TOLD}
    assert where(ask(path + WISHES, {"instances": [{"x": X}]})) == "explain"
    assert where(ask(path + "?confidence=1", TABLE, "text/csv")) == "confidence"


def test_a_table_has_further_columns(ask):
    told = cells(ask(PATH + WISHES, TABLE, "text/csv"))

    ours = {"minerva_version": "1", "minerva_degraded": "false", "minerva_error": ""}
    assert told == {"id": "C-1", **TOLD, **ours}
    assert list(told)[:5] == ["id", "y", "y_low", "y_high", "explanation_x"]
    plan = cells(ask("/v1/services/plan/predict?confidence=true", TABLE, "text/csv"))
    assert float(plan["plan_confidence"]) == pytest.approx(0.75, abs=0.1)


def test_lines_have_further_members_to_the_end_of_a_stream(ask):
    body = "".join(json.dumps({"id": f"C-{n}", "x": n}) + "\n" for n in range(12))

    told = ask(PATH + WISHES, body, "application/x-ndjson").text.splitlines()

    predictions = [json.loads(line)["prediction"] for line in told[:-1]]
    assert len(predictions) == 12
    for n, one in enumerate(predictions):
        assert one["y_interval"] == {"low": 2 * n, "high": 2 * n + 2}
        assert one["explanation"] == {"x": 2 * n, "z": 0}


@pytest.mark.parametrize(
    ("query", "attributes"),
    [(WISHES, ""), ("", ' explain="true" confidence="1"'), ("?explain=true", ' confidence="true"')],
)
def test_a_document_says_it_in_the_query_or_in_attributes(ask, query, attributes):
    document = DOCUMENT.replace("<records", f"<records{attributes}")

    answer = ET.fromstring(ask(PATH + query, document, "application/xml").data)

    named = {one.tag: {value.get("name"): value.text for value in one} for one in answer[0]}
    assert named["y_interval"] == {"low": "6.0", "high": "8.0"}
    assert named["explanation"] == {"x": "6.0", "z": "0.0"}


def test_a_document_tells_how_sure_a_class_is(ask):
    path = "/v1/services/plan/predict?confidence=true"

    answer = ET.fromstring(ask(path, DOCUMENT, "application/xml").data)

    assert float(answer[0].findtext("plan_confidence")) == pytest.approx(0.75, abs=0.1)


def test_nothing_is_told_that_nobody_asks_for(ask):
    unasked = {"confidence": False, "explain": False}

    assert list(outputs(infer(ask, parameters=unasked))) == ["y"]
    assert list(cells(ask(PATH + "?confidence=false", TABLE, "text/csv")))[:3] == [
        "id",
        "y",
        "minerva_version",
    ]
    (told,) = ask("/invocations", {"instances": [{"x": X}], "params": unasked}).json["predictions"]
    assert told == {"id": None, "y": 7}


CHURN = [
    {"name": "tenure", "datatype": "INT64", "shape": [1], "data": [3]},
    {"name": "contract", "datatype": "BYTES", "shape": [1], "data": ["One year"]},
]


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"parameters": {"confidence": True}}, "/parameters/confidence"),
        ({"parameters": {"confidence": "yes"}}, "/parameters/confidence"),
        ({"parameters": {"explain": 1}}, "/parameters/explain"),
        ({"parameters": {"explain": True}}, "/parameters/explain"),
        ({"outputs": [{"name": "churn"}, {"name": "churn_confidence"}]}, "/outputs/1/name"),
        ({"outputs": [{"name": "churn_low"}]}, "/outputs/0/name"),
        ({"outputs": [{"name": "explanation_email"}]}, "/outputs/0/name"),
    ],
)
def test_what_a_service_cannot_tell_is_refused_where_an_inference_asks_for_it(ask, more, place):
    """The service learnt from no data."""
    response = ask("/v2/models/churn/infer", {"inputs": CHURN, **more})

    assert where(response) == place
    assert response.json["faults"][0]["message"] in response.json["error"]


def test_what_a_service_cannot_tell_is_refused_in_every_form(ask):
    path, table = "/v1/services/churn/predict", b"tenure,contract\n3,One year\n"
    record = {"tenure": 3, "contract": "One year"}
    document = "<records><record><tenure>3</tenure><contract>One year</contract></record></records>"
    invoked = {"instances": [record], "params": {"confidence": True}}

    assert where(ask(path, {"records": [record], "confidence": True})) == "/confidence"
    assert where(ask("/models/churn/invoke", invoked)) == "/params/confidence"
    for body, content_type in (
        (table, "text/csv"),
        (json.dumps(record), "application/x-ndjson"),
        (document, "application/xml"),
    ):
        assert where(ask(path + "?confidence=true", body, content_type)) == "confidence"
    attribute = document.replace("<records", "<records confidence='true'")
    assert where(ask(path, attribute, "text/xml")) == "/@confidence"
