"""Every error becomes a problem that says what, where and what to do, and nothing that leaks."""

import inspect

import pytest
from flask import Flask, g
from structlog.testing import capture_logs
from werkzeug.exceptions import ImATeapot

from minerva import errors
from minerva.errors import Fault, MinervaError, Unavailable
from minerva.layers.core.http.problems import (
    STATUS,
    TITLES,
    WITHHELD,
    answer_with_problems,
    status_of,
)

CLASSES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, MinervaError) and value is not MinervaError
]
MESSAGE = "Something is wrong: do something."


@pytest.fixture
def ask():
    """Return a function that answers a request whose view raises the given error."""

    def answered(error, method="GET", path="/"):
        app = Flask(__name__)
        answer_with_problems(app)

        @app.before_request
        def begin():
            g.request_id = "r-1"

        @app.get("/")
        @app.get("/things/")
        def view():
            raise error

        return app.test_client().open(path, method=method)

    return answered


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_has_a_status_and_a_title(kind):
    assert kind in STATUS
    assert 400 <= STATUS[kind] < 600
    assert kind.code in TITLES


@pytest.mark.parametrize("kind", CLASSES)
def test_every_class_becomes_a_problem(ask, kind):
    response = ask(kind(MESSAGE, faults=[Fault("/records/0/a", "is missing")]))

    assert response.mimetype == "application/problem+json"
    assert response.status_code == STATUS[kind]
    problem = response.json
    assert problem["type"] == f"urn:minerva:error:{kind.code}"
    assert (problem["status"], problem["code"]) == (STATUS[kind], kind.code)
    assert problem["request_id"] == "r-1"
    if kind not in WITHHELD:
        assert problem["detail"] == MESSAGE
        assert problem["faults"] == [{"where": "/records/0/a", "message": "is missing"}]


@pytest.mark.parametrize("kind", WITHHELD)
def test_what_a_plugin_or_a_configuration_says_is_told_to_the_log_only(ask, kind):
    with capture_logs() as logs:
        response = ask(kind("Column e-mail of anna@example.org."))

    assert "anna" not in response.text
    assert "log says more" in response.json["detail"]
    assert logs[0]["event"] == "request.failed"
    assert logs[0]["exc_info"].message == "Column e-mail of anna@example.org."


def test_every_problem_has_a_sentence_of_its_own_even_for_new_subclasses():
    class Gone(errors.NotFound):
        code = "gone"

    assert status_of(Gone("x")) == 404
    assert status_of(MinervaError("x")) == 500


def test_unavailable_says_when_to_come_back(ask):
    response = ask(Unavailable("Later.", retry_after_s=7))

    assert response.headers["Retry-After"] == "7"


def test_a_missing_credential_says_what_kind_is_wanted(ask):
    response = ask(errors.NotAuthenticated("Who are you?"))

    assert response.headers["WWW-Authenticate"] == 'Bearer realm="minerva"'


def test_an_unexpected_error_tells_the_caller_nothing_and_the_log_everything(ask):
    error = ZeroDivisionError("secret 42")
    with capture_logs() as logs:
        response = ask(error)

    assert response.status_code == 500
    assert response.json["code"] == "internal"
    assert "detail" not in response.json
    assert "42" not in response.text
    assert [(log["event"], log["log_level"], log["exc_info"]) for log in logs] == [
        ("request.failed", "error", error)
    ]


def test_an_unknown_path_is_named(ask):
    response = ask(None, path="/nowhere")

    assert (response.status_code, response.json["code"]) == (404, "not_found")
    assert "/nowhere" in response.json["detail"]


def test_a_wrong_method_is_told_the_right_ones(ask):
    response = ask(None, method="DELETE")

    assert (response.status_code, response.json["code"]) == (405, "method_not_allowed")
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_other_errors_of_the_framework_become_problems_as_well(ask):
    response = ask(ImATeapot())

    assert (response.status_code, response.json["code"]) == (418, "i'm_a_teapot")


def test_a_redirect_stays_a_redirect(ask):
    response = ask(None, path="/things")

    assert response.status_code == 308
    assert response.headers["Location"].endswith("/things/")
