"""Bad habits: each shows when asked for, and only then."""

import threading

from flask import Flask

from legacy_stub.quirks import Pace, Quirk, Trickling, with_quirks


def an_app():
    app = Flask(__name__)
    app.add_url_rule("/page", "page", lambda: "x" * 10)
    app.add_url_rule("/health", "health", lambda: "ok")
    return app


def client(*quirks, stop=None):
    app = an_app()
    app.wsgi_app = with_quirks(app.wsgi_app, frozenset(quirks), stop or threading.Event())
    return app.test_client()


def test_without_quirks_nothing_is_wrapped():
    app = an_app()

    assert with_quirks(app.wsgi_app, frozenset({Quirk.LATIN_1}), threading.Event()) == app.wsgi_app


def test_failing_fails_every_third_time_but_spares_the_health_probe():
    failing = client(Quirk.FAILING)

    codes = []
    for _ in range(6):
        assert failing.get("/health").status_code == 200
        codes.append(failing.get("/page").status_code)

    assert codes == [200, 200, 500, 200, 200, 500]


def test_slow_answers_come_in_small_pieces_with_pauses():
    app = an_app()
    pauses = []

    class Pauses(threading.Event):
        def wait(self, timeout=None):
            pauses.append(timeout)
            return True

    app.wsgi_app = Trickling(app.wsgi_app, Pauses(), Pace(pause=0.5, piece=4))

    answer = app.test_client().get("/page", buffered=False)

    assert list(answer.iter_encoded()) == [b"xxxx", b"xxxx", b"xx"]
    assert pauses == [0.5, 0.5, 0.5]


def test_slow_answers_are_complete_and_a_stop_makes_them_quick():
    stopped = threading.Event()
    stopped.set()

    assert client(Quirk.SLOW, stop=stopped).get("/page").text == "x" * 10
    assert client(Quirk.SLOW).get("/health").text == "ok"
