"""Messages reach the address that was checked, in bounded time, and follow nobody anywhere."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from certificates import certificate, serving, trusting
from receiver import Receiver

from minerva.adapters.outward.connecting import Connecting, resolved
from minerva.adapters.webhooks.posting import Posting
from minerva.errors import NotPermitted, Unavailable
from minerva.layers.abstraction.webhooks.targets import Targets

NAME = "hooks.test"
BODY = b'{"type": "job.failed"}'


@pytest.fixture
def receiver():
    with Receiver() as made:
        yield made


def listed(*entries: object) -> Targets:
    """What an operator has listed."""
    return Targets.parse(" ".join(map(str, entries)))


def post(posting: Posting, url: str) -> int:
    """Send a message to a URL."""
    return posting(posting.targets.check(url), {"webhook-id": "msg_1"}, BODY)


def leading_to(*addresses: str) -> Connecting:
    """What is always told that a name has these addresses."""
    return Connecting(lambda _host, _port: list(addresses))


def test_a_message_arrives_with_its_headers(receiver):
    status = post(Posting(listed(f"127.0.0.1:{receiver.port}")), receiver.url)

    (heard,) = receiver.heard
    assert status == 204
    assert (heard.path, heard.body) == ("/hook?to=ops", BODY)
    assert heard.headers["webhook-id"] == "msg_1"
    assert heard.headers["host"] == f"127.0.0.1:{receiver.port}"


def test_a_name_is_told_as_host(receiver):
    posting = Posting(listed(f"{NAME}:{receiver.port}"), leading_to("127.0.0.1"))

    post(posting, f"http://{NAME}:{receiver.port}")

    assert receiver.heard[0].headers["host"] == f"{NAME}:{receiver.port}"
    assert receiver.heard[0].path == "/"


def test_the_machines_resolver_is_asked():
    assert "127.0.0.1" in resolved("localhost", 80)


@pytest.mark.parametrize("status", [200, 301, 307, 410, 429, 500, 503])
def test_the_status_is_returned_and_a_redirect_not_followed(receiver, status):
    with Receiver() as other:
        receiver.statuses, receiver.answer_headers = [status], {"Location": other.url}

        assert post(Posting(listed(f"127.0.0.1:{receiver.port}")), receiver.url) == status
        assert other.heard == []


def test_a_name_that_leads_to_a_forbidden_address_is_refused_before_anything_is_sent(receiver):
    posting = Posting(Targets.parse("*"), leading_to("127.0.0.1"))

    with pytest.raises(NotPermitted, match="private, local or reserved"):
        post(posting, f"https://{NAME}/")


def test_one_forbidden_address_among_good_ones_refuses_the_name(receiver):
    posting = Posting(listed(f"{NAME}:{receiver.port}"), leading_to("127.0.0.1", "169.254.169.254"))

    with pytest.raises(NotPermitted):
        post(posting, f"http://{NAME}:{receiver.port}/")
    assert receiver.heard == []


def test_a_name_that_is_pointed_elsewhere_after_the_check_is_not_asked_again(receiver):
    """DNS rebinding: the second answer would lead to a receiver that must not be reached."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    posting = Posting(
        listed(f"{NAME}:{receiver.port}"), Connecting(lambda _host, _port: next(answers))
    )

    post(posting, f"http://{NAME}:{receiver.port}/")

    assert len(receiver.heard) == 1
    assert next(answers) == ["127.0.0.2"]


def test_another_address_of_a_name_is_tried_when_one_does_not_answer(receiver):
    posting = Posting(listed(f"{NAME}:{receiver.port}"), leading_to("127.0.0.9", "127.0.0.1"))

    assert post(posting, f"http://{NAME}:{receiver.port}/") == 204


def test_the_certificate_must_be_the_names(tmp_path):
    files = certificate(tmp_path, NAME)
    with Receiver(tls=serving(files)) as receiver:
        entries = listed(f"{NAME}:{receiver.port}", f"other.test:{receiver.port}")
        posting = Posting(
            entries, replace(leading_to("127.0.0.1"), context=lambda: trusting(files))
        )

        assert post(posting, f"https://{NAME}:{receiver.port}/") == 204
        with pytest.raises(Unavailable, match="certificate is not accepted"):
            post(posting, f"https://other.test:{receiver.port}/")
        with pytest.raises(Unavailable, match="certificate is not accepted"):
            post(Posting(entries, leading_to("127.0.0.1")), f"https://{NAME}:{receiver.port}/")
        assert len(receiver.heard) == 1


@pytest.mark.parametrize(
    ("connecting", "why"), [(leading_to(), "no address"), (Connecting(), "did not answer")]
)
def test_a_name_without_address_may_have_one_later(connecting, why):
    with pytest.raises(Unavailable, match=why):
        post(Posting(listed("hooks.invalid"), connecting), "https://hooks.invalid/")


def test_a_receiver_that_is_down_may_come_back(free_port):
    port = free_port()

    with pytest.raises(Unavailable, match="refused"):
        post(Posting(listed(f"127.0.0.1:{port}")), f"http://127.0.0.1:{port}/")


def test_a_resolver_that_hangs_does_not_hold_up(receiver):
    hang = threading.Event()
    posting = Posting(
        listed(NAME), Connecting(lambda _host, _port: [str(hang.wait(60))]), total_s=0.2
    )

    with pytest.raises(Unavailable, match=r"within 0\.2 s"):
        post(posting, f"https://{NAME}/")
    hang.set()


@contextmanager
def answering(chunk: bytes, every_s: float = 0.02) -> Iterator[int]:
    """A server that takes everything and sends a chunk again and again; yields its port."""
    ended = threading.Event()

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            try:
                while not ended.wait(every_s):
                    connection.sendall(chunk)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            ended.set()
            socket.create_connection(server.getsockname()).close()  # if nobody came in time
            thread.join()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("chunk", [b"", b"H", b"HTTP/1.1 "])
def test_a_receiver_that_answers_drop_by_drop_is_left_in_time(chunk, scheme):
    began = time.monotonic()

    with answering(chunk) as port, pytest.raises(Unavailable):
        post(Posting(listed(f"127.0.0.1:{port}"), total_s=0.5), f"{scheme}://127.0.0.1:{port}/")

    assert time.monotonic() - began < 30


def test_endless_headers_are_left_in_time():
    began = time.monotonic()
    endless = answering(b"HTTP/1.1 100 Continue\r\n\r\n", every_s=0.0001)

    with endless as port, pytest.raises(Unavailable):
        post(Posting(listed(f"127.0.0.1:{port}"), total_s=1), f"http://127.0.0.1:{port}/")

    assert time.monotonic() - began < 30


def test_an_endless_body_is_not_read():
    with answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 10_000, every_s=0.001) as port:
        began = time.monotonic()

        patient = Posting(listed(f"127.0.0.1:{port}"), total_s=60)
        status = post(patient, f"http://127.0.0.1:{port}/")

    assert status == 200
    assert time.monotonic() - began < 30


def test_a_slow_body_after_the_status_changes_nothing():
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n") as port:
        posting = Posting(listed(f"127.0.0.1:{port}"), total_s=6)

        assert post(posting, f"http://127.0.0.1:{port}/") == 200


def test_what_does_not_speak_http_is_told_without_what_it_said():
    greeting = answering(b"220 s3cret SMTP ready\r\n")

    with greeting as port, pytest.raises(Unavailable, match="does not speak HTTP") as raised:
        post(Posting(listed(f"127.0.0.1:{port}")), f"http://127.0.0.1:{port}/")

    assert "s3cret" not in str(raised.value)
