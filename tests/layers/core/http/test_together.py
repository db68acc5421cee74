"""Calls that came at one moment get what each gets alone, and leave the same events."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from minerva.layers.abstraction.monitoring.store import Span
from minerva.layers.core.http.app import create_app

PREDICT, INFER = "/v1/services/churn/predict", "/v2/models/churn/infer"
MOST = 100


class Asked:
    """A model that notes how many records it is asked about at once."""

    def __init__(self, model):
        self.model, self.sizes = model, []

    def predict(self, batch):
        self.sizes.append(len(batch))
        return self.model.predict(batch)


@pytest.fixture
def model(sidecar):
    """The model of the service, which may be asked for several callers at once."""
    live = sidecar.house.live.get("default", "churn")
    model = Asked(live.loaded.model)
    object.__setattr__(live.loaded, "model", model)
    object.__setattr__(live.loaded, "most_together", MOST)
    return model


@pytest.fixture
def shortcuts(sidecar):
    """The application's ways past the framework."""
    return create_app(sidecar.house).wsgi_app


@pytest.fixture
def usual(sidecar, record):
    """Return the environment of a request, usual but for what is said."""
    key = sidecar.key("predict")

    def made(path=PREDICT, body=None, tenure=3, number=0, rows=1, **changes):
        records = [{**record, "tenure": tenure}] * rows
        content = json.dumps({"records": records} if body is None else body).encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.errors": io.StringIO(),
            "wsgi.input": io.BytesIO(content),
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(content)),
            "HTTP_AUTHORIZATION": f"Bearer {key}",
            "HTTP_X_REQUEST_ID": f"r-{number}",
        }
        return {k: v for k, v in {**environ, **changes}.items() if v is not None}

    return made


def answered(shortcuts, moments):
    """Ask moment after moment; return what each caller gets, and the events by request."""
    got = {}
    with capture_logs(processors=[merge_contextvars]) as events:
        for environs in moments:

            def start(environ):
                def response(status, headers, _exc_info=None):
                    heads = {k: v for k, v in headers if k != "traceparent"}
                    got[environ["HTTP_X_REQUEST_ID"]] = [status, sorted(heads.items())]

                return response

            bodies = shortcuts.together([(environ, start(environ)) for environ in environs])
            for environ, body in zip(environs, bodies, strict=True):
                content = b"".join(body())
                got[environ["HTTP_X_REQUEST_ID"]].append(content)
    told = {number: [] for number in got}
    for event in events:
        kept = {k: v for k, v in event.items() if k not in {"ms", "exc_info", "trace_id"}}
        told.setdefault(kept.get("request_id"), []).append(kept)
    return got, told


def tensors(tenure):
    return {
        "inputs": [
            {"name": "tenure", "datatype": "INT64", "shape": [1], "data": [tenure]},
            {"name": "contract", "datatype": "BYTES", "shape": [1], "data": ["One year"]},
        ]
    }


def test_usual_calls_of_a_moment_are_asked_at_once(shortcuts, model, usual):
    environs = [usual(number=number, rows=1 + number % 3) for number in range(7)]

    got, told = answered(shortcuts, [environs])

    assert model.sizes == [sum(1 + number % 3 for number in range(7))]
    for number in range(7):
        status, _, content = got[f"r-{number}"]
        assert status == "200 OK"
        assert json.loads(content)["request_id"] == f"r-{number}"
        assert len(json.loads(content)["predictions"]) == 1 + number % 3
        names = [event["event"] for event in told[f"r-{number}"]]
        assert names == ["prediction.answered", "request.finished"]


MIXED = {
    "usual": {},
    "another": {"tenure": 70},
    "many": {"rows": 5},
    "tensors": {"path": INFER, "body": tensors(3)},
    "other tensors": {"path": INFER, "body": tensors(70)},
    "no such field": {"body": {"records": [{"tenure": 1, "stranger": 1}]}},
    "out of bounds": {"tenure": 1001},
    "too many": {"rows": 6},
    "no records": {"body": {"records": []}},
    "no JSON": {"CONTENT_TYPE": "text/plain"},
    "no key": {"HTTP_AUTHORIZATION": None},
    "another's key": {"HTTP_AUTHORIZATION": "Bearer mk_0123456789ab_00"},
    "explained": {"body": {"records": [{"tenure": 1, "contract": "One year"}], "explain": True}},
    "another service": {"path": PREDICT.replace("churn", "chum")},
    "another route": {"path": "/v1/services/churn", "REQUEST_METHOD": "GET"},
    "no body": {"wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"},
    "a query": {"QUERY_STRING": "explain=true"},
    "fails": {"tenure": 666},
}


def test_each_gets_what_it_gets_alone_and_leaves_the_same_events(shortcuts, model, usual):
    def requests():
        return [usual(number=at, **one) for at, one in enumerate(MIXED.values())]

    together, events = answered(shortcuts, [requests()])
    sizes = list(model.sizes)
    alone, single = answered(shortcuts, [[one] for one in requests()])

    assert together == alone
    beside = events.pop(None)
    assert events == single
    assert [event["event"] for event in beside] == ["prediction.asked_alone"]
    assert max(sizes) == 1 + 1 + 5 + 1  # with the one that fails


def test_where_the_model_fails_each_is_asked_alone_and_one_failure_counts(
    sidecar, shortcuts, model, usual
):
    environs = [usual(number=0), usual(number=1), usual(number=2, tenure=666)]

    got, _ = answered(shortcuts, [environs])

    assert [got[f"r-{number}"][0][:3] for number in range(3)] == ["200", "200", "502"]
    assert model.sizes == [3, 1, 1, 1]
    assert sidecar.house.live.get("default", "churn").loaded.circuit._failures == 1


def test_more_records_than_may_be_asked_at_once_are_asked_call_by_call(
    sidecar, shortcuts, model, usual
):
    object.__setattr__(sidecar.house.live.get("default", "churn").loaded, "most_together", 5)

    got, _ = answered(shortcuts, [[usual(number=number, rows=3) for number in range(2)]])

    assert [one[0] for one in got.values()] == ["200 OK"] * 2
    assert model.sizes == [3, 3]


def test_tenants_and_services_are_never_asked_together(sidecar, shortcuts, model, usual):
    other = sidecar.key("predict", tenant="other")

    got, told = answered(
        shortcuts,
        [[usual(), usual(number=1, HTTP_AUTHORIZATION=f"Bearer {other}"), usual(number=2)]],
    )

    assert [got[f"r-{number}"][0][:3] for number in range(3)] == ["200", "404", "200"]
    assert model.sizes == [2]
    assert {event["tenant"] for event in told["r-1"]} == {"other"}
    assert {event["tenant"] for event in told["r-2"]} == {"default"}


def test_who_proves_to_be_whom_is_found_out_for_each_proof(sidecar, shortcuts, model, usual):
    keys = [
        sidecar.key("predict"),
        sidecar.key("train"),
        sidecar.key("predict", tenant="other"),
        "mk_0123456789ab_" + 64 * "0",
    ]
    shown = [f"Bearer {key}" for key in keys]
    proofs = [{"HTTP_AUTHORIZATION": one} for one in (*shown, *reversed(shown))]
    proofs += [{"HTTP_AUTHORIZATION": None, "HTTP_X_API_KEY": key} for key in keys]

    got, _ = answered(shortcuts, [[usual(number=at, **one) for at, one in enumerate(proofs)]])

    codes = [got[f"r-{at}"][0][:3] for at in range(len(proofs))]
    one = ["200", "403", "404", "401"]
    assert codes == [*one, *reversed(one), *one]


def test_a_key_that_was_revoked_between_two_moments_is_refused(sidecar, shortcuts, model, usual):
    key = sidecar.key("predict")
    shown = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    first, _ = answered(shortcuts, [[usual(number=at, **shown) for at in range(2)]])

    sidecar.container.stores.keys.revoke("default", key.split("_")[1], datetime.now(UTC))
    sidecar.refresh()
    then, _ = answered(shortcuts, [[usual(number=at, **shown) for at in range(2)]])

    assert [one[0][:3] for one in first.values()] == ["200", "200"]
    assert [one[0][:3] for one in then.values()] == ["401", "401"]


def test_each_call_is_counted_and_recorded_by_itself(sidecar, shortcuts, model, usual):
    answered(shortcuts, [[usual(number=number, rows=2) for number in range(3)]])

    ((version, series),) = sidecar.house.statistics.of("default", "churn")
    assert (version, series.success.count, series.rows) == ("1", 3, 6)
    assert series.sizes[2].count == 3
    assert sidecar.container.recorder.flush(60)
    now = datetime.now(UTC)
    span = Span("default", "churn", now - timedelta(hours=1), now + timedelta(hours=1))
    records = sidecar.container.stores.inferences.newest(span, 10)
    assert sorted((one.request_id, one.row) for one in records) == [
        (f"r-{number}", row) for number in range(3) for row in range(2)
    ]


@pytest.mark.parametrize("hook", ["minerva_after_predict", "minerva_before_predict"])
def test_plugins_hear_of_each_call(sidecar, usual, model, hook):
    heard = []

    class Hooks:
        def wants(self, name):
            return name == hook

        def enrich(self, call):
            heard.append((call.request_id, len(call.records)))
            return call.records

        def answered(self, call, outcome):
            heard.append((call.request_id, len(outcome.predictions)))

    predictor = replace(sidecar.house.predictor, hooks=Hooks())
    shortcuts = create_app(replace(sidecar.house, predictor=predictor)).wsgi_app

    answered(shortcuts, [[usual(number=number, rows=number + 1) for number in range(3)]])

    assert heard == [(f"r-{number}", number + 1) for number in range(3)]
    assert model.sizes == ([6] if hook.startswith("minerva_after") else [1, 2, 3])


def test_what_nobody_expected_is_told_to_each(sidecar, usual):
    class Broken:
        def together(self, _tenant, _service, _calls):
            raise RuntimeError("no thread is left")

    shortcuts = create_app(replace(sidecar.house, predictor=Broken())).wsgi_app

    got, _ = answered(shortcuts, [[usual(number=number) for number in range(2)]])

    assert [one[0][:3] for one in got.values()] == ["500"] * 2
    assert [json.loads(one[2])["request_id"] for one in got.values()] == ["r-0", "r-1"]
