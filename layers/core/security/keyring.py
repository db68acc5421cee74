"""From a credential to a principal, with a small cache so that a prediction asks no database."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue

import structlog

from minerva.errors import NotAuthenticated, Unavailable
from minerva.layers.core.security.keys import ParsedKey, parse
from minerva.layers.core.security.keystore import KeyStore, StoredKey
from minerva.layers.core.security.principal import Principal

log = structlog.get_logger(layer="core")

FRESH_S = 0.8
"""How long a looked-up key is believed: with the look-up itself, a revoked key stops in a second."""
AHEAD_S = 0.4
"""So long before that a key in use is looked up again, while nobody waits for it."""
KNOWN, UNKNOWN = 1024, 1024
"""Most ids that are remembered as existing and as not existing."""
HELP = "send a key as `Authorization: Bearer mk_…` or `X-API-Key: mk_…`"


@dataclass(slots=True)
class _Remembered:
    key: StoredKey | None
    revision: int
    believed_until: float
    asking: bool = False
    """One thread is asking the store again; the others go on with what is known."""
    ahead: bool = False
    """It was left to be asked for ahead of time."""


class Keyring:
    """Knows keys by id. Threads share it.

    A key is asked for again when the registry revision changes and after `FRESH_S`, by one thread;
    the others go on with what is known. One that is in use all the time is asked for ahead of that by
    a thread of ours, so that no caller waits for the store. While the store is away, a key that was
    known goes on working: predictions need no database.
    """

    def __init__(
        self,
        store: KeyStore,
        revision: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._revision = revision
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, _Remembered] = OrderedDict()
        self._unknown: OrderedDict[str, _Remembered] = OrderedDict()
        self._ahead: SimpleQueue[tuple[str, _Remembered]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def authenticate(self, authorization: str | None, api_key: str | None) -> Principal:
        """Return who calls, from the headers `Authorization` and `X-API-Key`.

        Raises NotAuthenticated, which never tells an unknown key from a wrong secret.
        """
        parsed = _credential(authorization, api_key)
        stored = self._find(parsed.id)
        if stored is None or not parsed.matches(stored):
            raise NotAuthenticated("This key is not known here: check it, or make a new one.")
        if stored.revoked_at is not None:
            raise NotAuthenticated("This key was revoked: make a new one.")
        return Principal(stored.tenant, stored.id, stored.scopes, stored.name)

    def _find(self, key_id: str) -> StoredKey | None:
        revision = self._revision()
        with self._lock:
            entry = self._known.get(key_id)
            if entry is None:
                unknown = self._unknown.get(key_id)  # may have been made a moment ago
                entry = unknown if unknown and unknown.revision == revision else None
            if entry is not None:
                left_s = entry.believed_until - self._clock()
                if entry.asking or (entry.revision == revision and left_s > 0):
                    if left_s <= AHEAD_S and entry.key and not (entry.asking or entry.ahead):
                        self._leave(key_id, entry)
                    return entry.key
                entry.asking = True
        return self._ask(key_id, revision, entry)

    def _leave(self, key_id: str, entry: _Remembered) -> None:
        """Have a key asked for ahead of time; where no thread can be had, its next caller will."""
        entry.ahead = True
        self._ahead.put((key_id, entry))
        if self._thread is None:
            self._thread = threading.Thread(target=self._ask_ahead, name="keys", daemon=True)
            with suppress(RuntimeError):
                self._thread.start()

    def _ask_ahead(self) -> None:
        while True:
            key_id, entry = self._ahead.get()
            with self._lock:
                if entry.asking or self._known.get(key_id) is not entry:
                    continue  # a caller has not waited for us
                entry.asking = True
            try:
                self._ask(key_id, self._revision(), entry)
            except Exception:  # the key's next caller asks, and is told what is wrong
                log.exception("key.not_asked_ahead")

    def _ask(self, key_id: str, revision: int, entry: _Remembered | None) -> StoredKey | None:
        asked_at = self._clock()
        try:
            key = self._store.find(key_id)
        except Unavailable:
            if entry is None or entry.key is None:
                raise
            key = entry.key
            asked_at = self._clock()  # a store that is away is asked again later, not at once
        finally:
            if entry is not None:
                entry.asking = False
        self._remember(key_id, _Remembered(key, revision, asked_at + FRESH_S))
        return key

    def _remember(self, key_id: str, entry: _Remembered) -> None:
        where, most = (self._unknown, UNKNOWN) if entry.key is None else (self._known, KNOWN)
        with self._lock:
            self._known.pop(key_id, None)
            self._unknown.pop(key_id, None)
            where[key_id] = entry
            if len(where) > most:
                where.popitem(last=False)


def _credential(authorization: str | None, api_key: str | None) -> ParsedKey:
    if authorization is None and api_key is None:
        raise NotAuthenticated(f"This needs a credential: {HELP}.")
    text = api_key or ""
    if authorization is not None:
        scheme, _, text = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise NotAuthenticated(f"This authorization scheme is not accepted: {HELP}.")
    parsed = parse(text.strip())
    if parsed is None:
        raise NotAuthenticated(f"This credential is not a key: {HELP}.")
    return parsed
