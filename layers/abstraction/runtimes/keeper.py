"""Keeps models' processes: starts each when it is asked for, and ends it when nobody needs it.

One keeper per workspace and node. It never waits for a host while it holds its lock, so that one
that hangs harms only those who ask for it.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

from minerva.errors import MinervaError, Unavailable
from minerva.layers.abstraction.runtimes import keeper_protocol as protocol
from minerva.layers.abstraction.runtimes.budget import Usage, resident, surplus
from minerva.layers.abstraction.runtimes.deaths import Deaths, how
from minerva.layers.abstraction.runtimes.launch import HostProcess, Ready, launch
from minerva.layers.abstraction.runtimes.places import HOST_SOCKET
from minerva.layers.abstraction.runtimes.spec import HostSpec
from minerva.layers.abstraction.runtimes.talk import ping
from minerva.layers.abstraction.runtimes.wire import Pong

log = structlog.get_logger(layer="abstraction")

PING_S = 2.0
"""A host that does not answer for so long although a call of its is overdue is stuck."""
DYING_S = 0.5
"""A host that does not answer any more may be about to end."""
LOOK_EVERY_S = 2.0
PINGS_AT_ONCE = 8
SCRATCH = "h-"


@dataclass(eq=False)
class _Host:
    """A running host and when it was last asked for, as far as we know."""

    wanted: protocol.Wanted
    process: HostProcess
    ready: Ready
    used_at: float
    look_at: float = 0.0
    pong: Pong = field(default_factory=lambda: Pong(0, 0.0, 0.0))

    @property
    def spec(self) -> HostSpec:
        return self.process.spec


class Keeper:
    """The table of hosts. `folder` is its own: their scratch folders are in it."""

    def __init__(
        self,
        folder: Path,
        logs: Path,
        budget_bytes: int = 0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._logs = logs
        self._budget_bytes = budget_bytes
        self._now = now
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}
        self._starting: dict[str, Future[_Host]] = {}
        self._holders: dict[str, set[str]] = {}
        self._deaths = Deaths(now)
        self._count = 0
        self._closed = False
        self._pings = ThreadPoolExecutor(PINGS_AT_ONCE, "ping")
        for left in folder.glob(f"{SCRATCH}*"):  # by a keeper that was killed
            shutil.rmtree(left, ignore_errors=True)

    def model(self, wanted: protocol.Wanted) -> protocol.Answer:
        """Start the host unless it runs; tell where it listens. Raises why it does not start."""
        with self._lock:
            self._holders.setdefault(wanted.key, set()).add(wanted.client)
            host = self._hosts.get(wanted.key)
            if host is not None:
                host.used_at = self._now()
        if host is not None and not host.process.running:
            self._take(host, "host.died", how(host.process))
            host = None
        host = host or self._started(wanted)
        return protocol.Answer(socket=host.spec.socket, explains=host.ready.explains)

    def trouble(self, troubled: protocol.Troubled) -> None:
        """See whether a host is well; end it if it is not."""
        with self._lock:
            host = self._hosts.get(troubled.key)
        if host is not None and self._look(host) is None:
            self._bury(host)

    def drop(self, client: str, key: str) -> None:
        """Let go of a host for one client; it ends once nobody holds it and its last call is done."""
        with self._lock:
            self._holders.get(key, set()).discard(client)

    def forget(self, client: str) -> None:
        """Let go of all that a client held: it is gone."""
        with self._lock:
            for holders in self._holders.values():
                holders.discard(client)

    def report(self) -> protocol.Answer:
        """Tell of every host."""
        hosts = self._running()
        sizes = resident(host.process.pid for host in hosts)
        return protocol.Answer(hosts=tuple(self._facts(host, sizes) for host in hosts))

    def tend(self) -> None:
        """Bury the dead, end whom nobody needs, keep within the budget; call it a few times a second."""
        due = [host for host in self._running() if self._due(host)]
        for host, pong in zip(due, self._pings.map(self._look, due), strict=True):
            if not host.process.running:
                self._bury(host)
            elif why := self._needless(host, pong):
                self._take(host, "host.ended", why)
        self._fit()
        with self._lock:
            for key in [key for key, holders in self._holders.items() if not holders]:
                if key not in self._hosts and key not in self._starting:
                    del self._holders[key]
                    self._deaths.forget(key)

    def close(self) -> None:
        """End every host; none starts any more."""
        with self._lock:
            self._closed = True
        for host in self._running():
            self._take(host, "host.ended", "stopped")
        self._pings.shutdown(wait=False, cancel_futures=True)

    def _running(self) -> list[_Host]:
        with self._lock:
            return list(self._hosts.values())

    def _started(self, wanted: protocol.Wanted) -> _Host:
        """Start a host, or wait for whoever does."""
        with self._lock:
            if wanted.key in self._hosts:  # started since we looked
                return self._hosts[wanted.key]
            starting = self._starting.get(wanted.key)
            mine = starting is None
            future: Future[_Host] = Future() if starting is None else starting
            self._starting[wanted.key] = future
        if mine:
            self._fulfil(future, wanted)
        return future.result()

    def _fulfil(self, future: Future[_Host], wanted: protocol.Wanted) -> None:
        try:
            self._deaths.check(wanted.key)
            self._fit()
            host = self._start(wanted)
        except BaseException as error:
            with self._lock:
                self._starting.pop(wanted.key, None)
            future.set_exception(error)
            if not isinstance(error, MinervaError):
                raise
        else:
            future.set_result(host)

    def _start(self, wanted: protocol.Wanted) -> _Host:
        spec = self._place(wanted.spec)
        started = self._now()
        log.info("host.starting", algorithm=spec.algorithm, digest=wanted.digest)
        try:
            process = launch(Path(wanted.python), spec, self._logs / f"{wanted.log_name}.log")
            ready = process.ready(protocol.START_LIMIT_S)
        except MinervaError as error:
            shutil.rmtree(spec.scratch, ignore_errors=True)
            self._deaths.note(wanted.key, error)
            facts = {"algorithm": spec.algorithm, "digest": wanted.digest, "reason": error.message}
            log.error("host.failed", **facts)
            raise
        host = _Host(wanted, process, ready, self._now())
        with self._lock:
            closed = self._closed
            self._hosts[wanted.key] = host
            del self._starting[wanted.key]
        self._deaths.forget(wanted.key)
        self._log("host.ready", host, seconds=round(self._now() - started, 3))
        if closed:
            self._take(host, "host.ended", "stopped")
            raise Unavailable("The keeper of models' processes is stopping: ask again.")
        return host

    def _place(self, spec: HostSpec) -> HostSpec:
        """Choose where a host writes and listens."""
        with self._lock:
            if self._closed:
                raise Unavailable("The keeper of models' processes is stopping: ask again.")
            self._count += 1
            scratch = self._folder / f"{SCRATCH}{self._count}"
        try:
            scratch.mkdir(mode=0o700)
        except OSError as error:
            raise Unavailable(f"{scratch} cannot be made: {error.strerror}.") from error
        return msgspec.structs.replace(
            spec, scratch=str(scratch), socket=str(scratch / HOST_SOCKET)
        )

    def _due(self, host: _Host) -> bool:
        """Whether it is time to look: often enough for its idleness, and seldom enough to let it sleep."""
        if not host.process.running or not self._holders.get(host.wanted.key):
            return True
        now = self._now()
        due = now >= host.look_at
        if due:
            host.look_at = now + min(LOOK_EVERY_S, host.wanted.idle_s / 4)
        return due

    def _look(self, host: _Host) -> Pong | None:
        """Ask a host how it is; None if it does not answer."""
        asked_at = self._now()  # an answer that comes late must not make it seem used since
        try:
            host.pong = ping(host.spec.socket, PING_S)
        except MinervaError:
            return None
        host.used_at = max(host.used_at, asked_at - host.pong.idle_s)
        return host.pong

    def _needless(self, host: _Host, pong: Pong | None) -> str:
        with self._lock:
            held = bool(self._holders.get(host.wanted.key))
            if pong is None:  # while somebody holds it, it may be in a long call
                return "" if held else "stuck"
            if pong.busy_s:
                return ""
            if not held:
                return "dropped"
            return "idle" if self._now() - host.used_at >= host.wanted.idle_s else ""

    def _fit(self) -> None:
        """End the least recently used hosts while all of them exceed the budget."""
        if not self._budget_bytes:
            return
        hosts = {host.wanted.key: host for host in self._running()}
        sizes = resident(host.process.pid for host in hosts.values())
        if sum(sizes.values()) <= self._budget_bytes:
            return
        pongs = dict(zip(hosts, self._pings.map(self._look, hosts.values()), strict=True))
        usages = [
            Usage(key, sizes[host.process.pid], _busy(pongs[key]), host.used_at)
            for key, host in hosts.items()
        ]
        for key in surplus(usages, self._budget_bytes):
            self._take(hosts[key], "host.ended", "budget")

    def _bury(self, host: _Host) -> None:
        """Tell of a host's death, or end one that does not answer."""
        if host.process.ends_within(DYING_S):
            self._take(host, "host.died", how(host.process))
        else:
            self._take(host, "host.ended", "stuck")

    def _take(self, host: _Host, event: str, why: str) -> None:
        """Take a host out of the table, once; end it and all it left."""
        with self._lock:
            if self._hosts.get(host.wanted.key) is not host:
                return
            del self._hosts[host.wanted.key]
        host.process.kill()
        with suppress(OSError):
            shutil.rmtree(host.spec.scratch)
        self._log(event, host, why=why)

    def _log(self, event: str, host: _Host, **facts: object) -> None:
        tell = log.warning if event == "host.died" else log.info
        pid, digest = host.process.pid, host.wanted.digest
        tell(event, algorithm=host.spec.algorithm, digest=digest, pid=pid, **facts)

    def _facts(self, host: _Host, sizes: dict[int, int]) -> protocol.HostFacts:
        pid = host.process.pid
        return protocol.HostFacts(
            key=host.wanted.key,
            digest=host.wanted.digest,
            algorithm=host.spec.algorithm,
            pid=pid,
            rss_bytes=sizes[pid],
            calls=host.pong.calls,
            busy_s=host.pong.busy_s,
            idle_s=self._now() - host.used_at,
        )


def _busy(pong: Pong | None) -> bool:
    """A host that does not answer may be in the middle of a call."""
    return pong is None or pong.busy_s > 0
