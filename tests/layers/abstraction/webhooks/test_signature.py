"""Messages are signed so that the libraries of Standard Webhooks accept them."""

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from minerva.layers.abstraction.webhooks.signature import secret_text, signed_headers

SECRET = bytes(range(32))
BODY = json.dumps({"type": "job.failed", "data": {"reason": "größer"}}).encode()


def now() -> int:
    """The present second, which receivers compare with their own clock."""
    return int(datetime.now(UTC).timestamp())


def test_the_public_library_accepts_what_was_signed():
    headers = signed_headers(SECRET, "msg_1", now(), BODY)

    assert Webhook(secret_text(SECRET)).verify(BODY, headers) == json.loads(BODY)


def test_the_example_of_the_specification_comes_out_the_same():
    secret = Webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")._whsecret
    body = b'{"test": 2432232314}'

    headers = signed_headers(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-timestamp", "1"),
        ("webhook-signature", "v1,AAAA"),
    ],
)
def test_a_changed_header_is_not_accepted(header, value):
    headers = signed_headers(SECRET, "msg_1", now(), BODY) | {header: value}

    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(SECRET)).verify(BODY, headers)


def test_a_changed_body_and_another_secret_are_not_accepted():
    headers = signed_headers(SECRET, "msg_1", now(), BODY)

    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(SECRET)).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_text(SECRET[::-1])).verify(BODY, headers)
