"""The keyring believes a key for less than a second, and asks no database in between."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from waiting import wait_until

from minerva.adapters.metadata import open_metadata
from minerva.errors import NotAuthenticated, Unavailable
from minerva.layers.core.security import keyring as module
from minerva.layers.core.security.keyring import AHEAD_S, FRESH_S, Keyring
from minerva.layers.core.security.keys import mint

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass
class CountingStore:
    """A real store that counts questions and can be taken away."""

    inner: object
    asked: int = 0
    away: bool = False
    gate: threading.Event = field(default_factory=threading.Event)
    entered: threading.Event = field(default_factory=threading.Event)
    held: str | None = None
    broken: bool = False

    def hold(self, key_id):
        """Have the gate closed for this key alone."""
        self.held = key_id
        self.entered.clear()
        self.gate.clear()

    def find(self, key_id):
        self.asked += 1
        self.entered.set()
        assert self.held not in {None, key_id} or self.gate.wait(60)
        if self.away:
            raise Unavailable("The database is away.")
        if self.broken:
            raise RuntimeError("nobody expected this")
        return self.inner.find(key_id)


class World:
    """A keyring over a real store, with a clock and a revision that tests set."""

    def __init__(self, stores):
        self.stores = stores
        self.time = 100.0
        self.store = CountingStore(stores.keys)
        self.store.gate.set()
        self.revision = 1
        self.keyring = Keyring(self.store, lambda: self.revision, lambda: self.time)

    def key(self):
        text, stored = mint("acme", "nightly", {"predict"}, NOW)
        self.stores.keys.add(stored)
        return text, stored.id

    def believed_until(self, key_id):
        return self.keyring._known[key_id].believed_until

    def ask(self, text):
        return self.keyring.authenticate(f"Bearer {text}", None)


@pytest.fixture
def world(tmp_path):
    stores = open_metadata(f"sqlite:///{tmp_path / 'keys.db'}", 5)
    yield World(stores)
    stores.close()


def test_a_bearer_token_names_its_principal(world):
    text, key_id = world.key()

    principal = world.keyring.authenticate(f"bearer  {text} ", None)

    assert (principal.tenant, principal.key_id, principal.scopes) == ("acme", key_id, {"predict"})


def test_the_header_x_api_key_works_as_well(world):
    text, key_id = world.key()

    assert world.keyring.authenticate(None, text).key_id == key_id


@pytest.mark.parametrize(
    ("authorization", "api_key", "says"),
    [
        (None, None, "needs a credential"),
        ("Basic dXNlcjpwYXNz", None, "scheme is not accepted"),
        ("Bearer nonsense", None, "not a key"),
        ("Bearer", None, "not a key"),
        (None, "", "not a key"),
    ],
)
def test_what_is_no_key_is_refused_without_asking_the_store(world, authorization, api_key, says):
    with pytest.raises(NotAuthenticated, match=says) as caught:
        world.keyring.authenticate(authorization, api_key)

    assert world.store.asked == 0
    assert "nonsense" not in str(caught.value)


def test_an_unknown_key_and_a_wrong_secret_look_the_same(world):
    _, key_id = world.key()
    unknown = mint("acme", "other", {"predict"}, NOW)[0]
    forged = f"mk_{key_id}_{unknown.rpartition('_')[2]}"
    answers = set()

    for text in (unknown, forged):
        with pytest.raises(NotAuthenticated) as caught:
            world.ask(text)
        answers.add(str(caught.value))

    assert len(answers) == 1


def test_a_known_key_is_looked_up_once(world):
    text, _ = world.key()

    for _ in range(5):
        world.ask(text)

    assert world.store.asked == 1


def test_an_unknown_id_is_looked_up_once(world):
    unknown = mint("acme", "other", {"predict"}, NOW)[0]

    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            world.ask(unknown)

    assert world.store.asked == 1


def test_a_revoked_key_stops_with_the_next_revision(world):
    text, key_id = world.key()
    world.ask(text)
    world.stores.keys.revoke("acme", key_id, NOW)

    world.revision += 1

    with pytest.raises(NotAuthenticated, match="revoked"):
        world.ask(text)


def test_a_revoked_key_stops_within_a_second_even_if_the_revision_is_not_noticed(world):
    text, key_id = world.key()
    world.ask(text)
    world.stores.keys.revoke("acme", key_id, NOW)

    world.time += FRESH_S

    assert FRESH_S < 1
    with pytest.raises(NotAuthenticated, match="revoked"):
        world.ask(text)


def test_a_new_key_works_although_its_id_was_unknown_a_moment_ago(world):
    text, stored = mint("acme", "late", {"predict"}, NOW)
    with pytest.raises(NotAuthenticated):
        world.ask(text)

    world.stores.keys.add(stored)
    world.time += FRESH_S

    assert world.ask(text).key_id == stored.id


def test_a_known_key_goes_on_working_while_the_store_is_away(world):
    text, key_id = world.key()
    world.ask(text)
    world.store.away = True

    world.time += FRESH_S

    assert world.ask(text).key_id == key_id
    assert world.ask(text).key_id == key_id
    assert world.store.asked == 2


def test_an_unknown_key_cannot_be_judged_while_the_store_is_away(world):
    text, _ = world.key()
    world.store.away = True

    with pytest.raises(Unavailable):
        world.ask(text)


def test_one_thread_asks_a_slow_store_and_the_others_do_not_wait(world):
    text, key_id = world.key()
    world.ask(text)
    world.time += FRESH_S
    world.store.gate.clear()
    world.store.entered.clear()
    asking = threading.Thread(target=world.ask, args=[text])
    asking.start()
    assert world.store.entered.wait(10)

    meanwhile = world.ask(text)

    world.store.gate.set()
    asking.join(10)
    assert meanwhile.key_id == key_id
    assert world.store.asked == 2


def test_no_caller_waits_for_the_store_while_a_key_is_in_use(world):
    text, key_id = world.key()
    world.ask(text)
    for asked in (2, 3, 4):
        world.store.gate.clear()
        world.time += FRESH_S - AHEAD_S

        assert [world.ask(text).key_id for _ in range(3)] == [key_id] * 3

        world.store.gate.set()
        believed_until = world.time + FRESH_S
        assert wait_until(lambda: world.believed_until(key_id) == believed_until)  # noqa: B023
        assert world.store.asked == asked


def test_a_key_that_was_revoked_is_found_out_ahead_of_time(world):
    text, key_id = world.key()
    world.ask(text)
    world.stores.keys.revoke("acme", key_id, NOW)
    world.time += FRESH_S - AHEAD_S

    assert world.ask(text).key_id == key_id
    assert wait_until(lambda: world.believed_until(key_id) == world.time + FRESH_S)

    with pytest.raises(NotAuthenticated, match="revoked"):
        world.ask(text)


def test_a_caller_asks_if_those_who_ask_ahead_are_held_up(world):
    held_up, first_id = world.key()
    text, key_id = world.key()
    world.ask(held_up)
    world.ask(text)
    world.time += FRESH_S - AHEAD_S
    world.store.hold(first_id)
    assert world.ask(held_up).key_id == first_id
    assert world.store.entered.wait(60)
    assert world.ask(text).key_id == key_id  # queued behind the other
    world.stores.keys.revoke("acme", key_id, NOW)

    world.time += AHEAD_S

    with pytest.raises(NotAuthenticated, match="revoked"):
        world.ask(text)
    world.store.gate.set()
    assert wait_until(lambda: not world.keyring._known[first_id].asking)


def test_a_store_that_fails_ahead_of_time_is_asked_again_by_the_next_caller(world):
    text, key_id = world.key()
    world.ask(text)
    world.store.broken = True
    world.time += FRESH_S - AHEAD_S
    assert world.ask(text).key_id == key_id
    assert wait_until(lambda: world.store.asked == 2)

    world.store.broken = False
    world.time += AHEAD_S

    assert wait_until(lambda: world.ask(text).key_id == key_id and world.store.asked == 3)


def test_strangers_cannot_fill_the_memory(world):
    for _ in range(module.UNKNOWN + 10):
        with pytest.raises(NotAuthenticated):
            world.ask(mint("acme", "other", {"predict"}, NOW)[0])

    assert len(world.keyring._unknown) == module.UNKNOWN
