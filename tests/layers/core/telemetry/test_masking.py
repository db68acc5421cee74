"""Secrets do not reach the log, whether by the name of a value or by the form of a text."""

import pytest

from minerva.layers.core.telemetry.masking import is_secret, mask, mask_line


@pytest.mark.parametrize(
    "name",
    ["DB_PASSWORD", "secret_hash", "Authorization", "X-API-Key", "access_token", "Set-Cookie"],
)
def test_names_of_secrets_are_known(name):
    assert is_secret(name)


@pytest.mark.parametrize("name", ["service", "key", "idempotency_key", "request_id"])
def test_other_names_are_not(name):
    assert not is_secret(name)


def test_values_under_secret_names_are_hidden_at_any_depth():
    assert mask({"a": [{"password": "x", "b": ({"token": 1},)}], "secret": None}) == {
        "a": [{"password": "***", "b": [{"token": "***"}]}],
        "secret": None,
    }


def test_what_is_deeper_than_anything_we_log_is_hidden_whole():
    value = "deep"
    for _ in range(20):
        value = {"down": [value]}

    assert "deep" not in str(mask(value))


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        (b"key mk_0123456789ab_" + b"f" * 64 + b" used", b"key mk_0123456789ab_*** used"),
        (b"Authorization: Bearer abc.def-ghi=", b"Authorization: Bearer ***"),
        (b"postgresql://me:pa55@host/db", b"postgresql://me:***@host/db"),
        (b"http://host/path?a=b:c@d", b"http://host/path?a=b:c@d"),
        (b"nothing to hide", b"nothing to hide"),
    ],
)
def test_secrets_inside_of_texts_are_hidden(line, masked):
    assert mask_line(line) == masked
