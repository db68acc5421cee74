"""Keys are minted once, parsed strictly, and stored as a hash only."""

import hashlib
from datetime import UTC, datetime

import pytest

from minerva.errors import InvalidInput
from minerva.layers.core.security.keys import mint, parse

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_minted_key_parses_back_and_matches_its_row():
    text, stored = mint("acme", "nightly", {"predict"}, NOW)

    parsed = parse(text)

    assert text == f"mk_{stored.id}_{parsed.secret}"
    assert parsed.id == stored.id
    assert parsed.matches(stored)
    assert (stored.tenant, stored.name, stored.scopes) == ("acme", "nightly", {"predict"})
    assert (stored.created_at, stored.revoked_at) == (NOW, None)


def test_only_the_hash_of_a_secret_of_256_bits_is_stored():
    text, stored = mint("acme", "nightly", {"predict"}, NOW)
    secret = text.rpartition("_")[2]

    assert len(bytes.fromhex(secret)) == 32
    assert stored.secret_hash == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in repr(stored)


def test_a_parsed_key_does_not_show_its_secret():
    parsed = parse(mint("acme", "nightly", {"predict"}, NOW)[0])

    assert parsed.secret not in repr(parsed)


def test_another_secret_does_not_match():
    stored = mint("acme", "nightly", {"predict"}, NOW)[1]
    other = parse(mint("acme", "nightly", {"predict"}, NOW)[0])

    assert not other.matches(stored)


def test_two_keys_are_never_the_same():
    assert mint("acme", "a", {"predict"}, NOW)[0] != mint("acme", "a", {"predict"}, NOW)[0]


ID, SECRET = "0" * 12, "0" * 64


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mk_",
        "mk_abc_def",
        f"sk_{ID}_{SECRET}",
        f"mk_{ID}_{SECRET[:-1]}é",
        f"mk_{ID}_{SECRET}\n",
        f"mk_{ID}_{SECRET * 100}",
    ],
)
def test_what_has_another_form_is_no_key(text):
    assert parse(text) is None


def test_unknown_scopes_are_named():
    with pytest.raises(InvalidInput) as caught:
        mint("acme", "nightly", {"predict", "fly"}, NOW)

    assert [fault.message for fault in caught.value.faults] == [
        "'fly' is not one of admin, feedback, metrics, predict, registry, train"
    ]


def test_a_key_without_scopes_is_refused():
    with pytest.raises(InvalidInput, match="one or more"):
        mint("acme", "nightly", set(), NOW)
