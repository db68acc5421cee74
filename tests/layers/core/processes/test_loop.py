"""Who answers in a web worker: its loop while a service is quick, its threads as soon as it is not."""

import pytest
from waiting import wait_until

HEAD = (
    b"POST /v1/services/churn/predict HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
)
LOOP, THREAD = "MainThread", "ThreadPoolExecutor"
BUSY_S, SLOW_S = 0.05, 1.0
"""What counts as quick here, since no thread answers within 4 ms while others want the processor, and what
does not: 10 % of it are more than that."""
PACED = """
    def predict(self, batch):
        import threading, time
        from pathlib import Path

        from minerva.layers.core.processes import quick

        quick.QUICK_S = {busy_s}
        folder = Path({folder!r})
        with (folder / "answered_by").open("a") as file:
            file.write(threading.current_thread().name + "\\n")
        time.sleep(float((folder / "pace").read_text()))
"""


@pytest.fixture
def paced(workspace):
    """Have the model take as many seconds as a file says, and note who calls it; return that file."""
    (plugin,) = (workspace / "plugins").glob("*.py")
    code = plugin.read_text()
    assert code.count("\n    def predict(self, batch):\n") == 1
    paced = PACED.format(folder=str(workspace), busy_s=BUSY_S)
    plugin.write_text(code.replace("\n    def predict(self, batch):\n", paced))
    (workspace / "pace").write_text("0")
    return workspace / "pace"


def test_the_loop_answers_a_quick_service_and_threads_one_that_became_slow(
    start, workspace, paced, predict_body
):
    server = start()

    def names() -> list[str]:
        return (workspace / "answered_by").read_text().splitlines()

    with server.dial() as caller:

        def answered_by() -> str:
            """Ask once; return who answered, or nothing if somebody else asked the model meanwhile."""
            before = names()
            caller.sendall(HEAD % len(predict_body) + predict_body)
            answer = b""
            while not answer.endswith(b"}\n"):
                answer += caller.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200 ")
            (mine, *others) = names()[len(before) :] or [""]
            return "" if others else mine

        def after_it_became_slow() -> list[str]:
            """Return who answered the two questions after a slow one that the loop has answered.

            Nothing, where it did not: on a busy machine a quick answer takes long now and then, too.
            """
            wait_until(lambda: answered_by() == LOOP)
            paced.write_text(str(SLOW_S))
            first, *others = [answered_by() for _ in range(3)]
            paced.write_text("0")
            return others if first == LOOP and all(others) else []

        second, third = wait_until(after_it_became_slow, 240)
        wait_until(lambda: answered_by() == LOOP)

    assert second.startswith(THREAD)
    assert third.startswith(THREAD)
