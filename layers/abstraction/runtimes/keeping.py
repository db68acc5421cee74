"""What a web worker, a job or the CLI holds to use models' processes: its line to their keeper."""

from __future__ import annotations

import hashlib
import os
import re
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.runtimes import keeper_protocol as protocol
from minerva.layers.abstraction.runtimes.building import locked
from minerva.layers.abstraction.runtimes.connection import Trouble, Troubled
from minerva.layers.abstraction.runtimes.environments import Environments
from minerva.layers.abstraction.runtimes.host import MODEL
from minerva.layers.abstraction.runtimes.hosted import HostedModel, hosted_model
from minerva.layers.abstraction.runtimes.keeper_line import Gone, Line
from minerva.layers.abstraction.runtimes.places import run_folder
from minerva.layers.abstraction.runtimes.spec import HostSpec
from minerva.schema import Schema

IDLE_S = 900.0
SUSPECTS_IDLE_S = 10.0
"""How long a process for suspect calls is kept for the next one."""
LINGER_S = 5.0
ANSWER_S = 10.0
"""For what needs no host to start."""

SpecOf = Callable[[Path, str], HostSpec]
"""Makes a host's spec for the scratch folder and the socket that were chosen for it."""


class Hosts:
    """A client of the workspace's keeper, which is started when it is first needed; thread-safe.

    May be made before a fork: each process has its own line.
    """

    def __init__(
        self,
        workspace: Path,
        state: Path,
        *,
        environments: Environments | None = None,
        idle_s: float = IDLE_S,
        linger_s: float = LINGER_S,
        to_stdout: bool = False,
    ) -> None:
        """`to_stdout`: where this process logs to, so that its keeper does too."""
        self._line = Line(workspace, state, linger_s, to_stdout=to_stdout)
        self._state = state
        self._environments = environments or Environments(state / "environments")
        self._idle_s = idle_s
        self._fresh()

    def model(
        self,
        digest: str,
        spec_of: SpecOf,
        requirements: Sequence[str] = (),
        lock: str | None = None,
        log_name: str = "",
        *,
        idle_s: float | None = None,
    ) -> HostedModel:
        """Return the version's model, loaded in a process of its own that all callers on this node share.

        `lock` are the exact pins of its environment; None: those of `requirements`, looked up now.
        The process ends after `idle_s` without a call, or once everybody has let go of the model, and
        comes back with the next call. Raises what it failed to start with.
        """
        if lock is None:
            lock = self._environments.lock(requirements)
        python = self._environments.python(lock)
        wanted = self._wanted(digest, spec_of, python, log_name, idle_s or self._idle_s)
        self._hold(wanted.key)
        try:
            answer = self._line.ask(wanted, protocol.START_LIMIT_S)
            model = self._hosted(wanted, explains=answer.explains)
        except BaseException:
            self._let_go(wanted.key)
            raise
        weakref.finalize(model, self._in_background, self._let_go, wanted.key).atexit = False
        return model

    def list(self) -> tuple[protocol.HostFacts, ...]:
        """Return the running hosts of this node, whoever asked for them; starts no keeper."""
        try:
            return self._line.ask_present(protocol.Listed(), ANSWER_S).hosts
        except Gone:
            return ()

    def close(self) -> None:
        """Let go of everything."""
        self._line.close()

    def _fresh(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._telling: set[str] = set()

    def _hold(self, key: str) -> None:
        if self._pid != os.getpid():
            self._fresh()
        with self._lock:
            self._held[key] += 1

    def _wanted(
        self, digest: str, spec_of: SpecOf, python: Path, log_name: str, idle_s: float
    ) -> protocol.Wanted:
        later = protocol.PLACED_LATER
        spec = spec_of(Path(later["scratch"]), later["socket"])
        facts = msgspec.json.encode([digest, spec, str(python), idle_s])
        named = log_name or f"{spec.algorithm}-{digest[:12]}"
        return protocol.Wanted(
            client=self._line.client(),
            key=hashlib.sha256(facts).hexdigest()[:32],
            digest=digest,
            spec=spec,
            python=str(python),
            log_name=re.sub(r"[^\w.-]|^\W", "_", named, flags=re.ASCII)[:200],
            idle_s=idle_s,
        )

    def _hosted(self, wanted: protocol.Wanted, *, explains: bool) -> HostedModel:
        spec = wanted.spec
        limit_s = spec.deadline_ms / 1000 or protocol.START_LIMIT_S
        held = _Held(self._line, self._state, wanted, limit_s, self._report)
        return hosted_model(
            held.find,
            algorithm=spec.algorithm,
            schema=Schema.parse(spec.schema),
            explains=explains,
            files=Path(spec.folder) / MODEL,
            deadline_ms=spec.deadline_ms,
            on_trouble=held.on_trouble,
            alone=held.alone,
        )

    def _report(self, key: str, trouble: Trouble) -> None:
        """Tell the keeper, once at a time for each host, without making the caller wait."""
        with self._lock:
            if key in self._telling:
                return
            self._telling.add(key)
        self._in_background(self._tell_trouble, key, trouble)

    def _tell_trouble(self, key: str, trouble: Trouble) -> None:
        try:
            self._tell(protocol.Troubled(key, trouble))
        finally:
            with self._lock:
                self._telling.discard(key)

    def _let_go(self, key: str) -> None:
        if self._pid != os.getpid():  # a model from before the fork is the parent's
            return
        with self._lock:
            self._held[key] -= 1
            if self._held[key] > 0:
                return
            del self._held[key]
        self._tell(protocol.Dropped(self._line.client(), key))
        self._tell(protocol.Dropped(self._line.client(), _suspects(key)))

    def _tell(self, question: protocol.Question) -> None:
        """Tell what needs no answer; a keeper that is gone needs not be told."""
        with suppress(Gone, MinervaError):
            self._line.ask_present(question, ANSWER_S)

    @staticmethod
    def _in_background(do: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the interpreter ends, and with it our line
            threading.Thread(target=do, args=arguments, daemon=True).start()


class _Held:
    """One model's way to its host; knows the model not, so that it is collected when nobody uses it."""

    def __init__(
        self,
        line: Line,
        state: Path,
        wanted: protocol.Wanted,
        limit_s: float,
        report: Callable[[str, Trouble], None],
    ) -> None:
        self._line = line
        self._state = state
        self._wanted = wanted
        self._limit_s = limit_s
        self._report = report

    def find(self) -> str:
        """Satisfy `hosted.Find`: within the deadline, so that a cold model is answered for in time."""
        until = time.monotonic() + self._limit_s
        wanted = msgspec.structs.replace(self._wanted, client=self._line.client())
        answer = self._line.ask(wanted, self._limit_s)
        if time.monotonic() > until:
            raise Unavailable("The model's process was just started; ask again.")
        return answer.socket

    @contextmanager
    def alone(self, limit_s: float | None) -> Iterator[str]:
        """Satisfy `hosted.Alone`: a second host of the version, for one caller of this node at a time."""
        limit_s = limit_s or protocol.START_LIMIT_S
        until = time.monotonic() + limit_s
        key = _suspects(self._wanted.key)
        with locked(run_folder(self._state) / f"{key}.lock", limit_s):
            wanted = msgspec.structs.replace(
                self._wanted,
                client=self._line.client(),
                key=key,
                log_name=f"{self._wanted.log_name[:190]}-alone",
                idle_s=SUSPECTS_IDLE_S,
            )
            answer = self._line.ask(wanted, until - time.monotonic())
            try:
                yield answer.socket
            except Troubled as error:
                self._report(key, error.trouble)
                raise

    def on_trouble(self, trouble: Trouble) -> None:
        """Satisfy `hosted.OnTrouble`."""
        self._report(self._wanted.key, trouble)


def _suspects(key: str) -> str:
    """Return the key of the host that is asked the suspect calls of another one."""
    return hashlib.sha256(f"{key} alone".encode()).hexdigest()[:32]
