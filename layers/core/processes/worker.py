"""The web worker: threads that answer, and one loop that waits for all callers (docs/adr/0016).

gunicorn's threads read from callers who may be slow, so that a few of these hold all threads. Here a
thread gets a request when all of it is there. Only a large body is read while it comes, by at most half of
the threads.
"""

from __future__ import annotations

import errno
import selectors
import sys
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from types import FrameType
from typing import Any

import structlog
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from minerva.layers.core.processes.arrival import Stage
from minerva.layers.core.processes.caller import CallerSocket
from minerva.layers.core.processes.connection import Connection, Turn, watch_body
from minerva.layers.core.processes.exchange import Exchange
from minerva.layers.core.processes.moment import Moment, Together, prepare
from minerva.layers.core.processes.own_time import OwnTime
from minerva.layers.core.processes.quick import Quick
from minerva.layers.core.processes.refusal import (
    FAILED,
    TOO_BUSY,
    TOO_LONG_A_HEAD,
    TOO_SLOW,
    Refusal,
    refusal_of,
)
from minerva.layers.core.processes.turns import Turns
from minerva.layers.core.telemetry.traffic import Traffic

log = structlog.get_logger(layer="core")

SWITCH_INTERVAL_S = 0.0005
"""How long a thread keeps Python to itself while others wait; a prediction is shorter (docs/adr/0014)."""
SIGN_S = 1.0
"""Between two signs of life."""
LOOK_S = 0.5
"""Between two looks for callers whose time is up."""
_NOBODY_CAME = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EINVAL})


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Lets no caller hold a thread, and tells the application when it must stop."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._patience_s: float = self.app.options.caller_timeout_s
        self._places = max(1, self.cfg.threads // 2)
        """How many more large bodies may be read at once."""
        self._waiting: set[Connection] = set()
        """A part of a request has come, or nothing yet."""
        self._queue: deque[Connection] = deque()
        """Large bodies that wait for a place."""
        self._parting: set[Connection] = set()
        """We said all that we had to say."""
        self._next_look = self._next_sign = 0.0
        self._quick = Quick()
        self._moment = Moment()
        self._together: Together | None = None
        self._turns = Turns(self.cfg.workers)
        self.traffic = Traffic()
        self.place = 0
        """Which of the workers of this server it is; see `gunicorn._give_place`."""

    def init_process(self) -> None:
        """Let threads take turns sooner than Python's 5 ms."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._own_time = OwnTime()  # of this thread, which becomes the loop
        super().init_process()

    def load_wsgi(self) -> None:
        """Count where `/metrics` of every worker looks."""
        super().load_wsgi()
        house = getattr(self.wsgi, "extensions", {}).get("minerva")
        self.traffic = self.traffic if house is None else house.traffic
        self.traffic.share(self.app.cells, self.place)
        self._together = getattr(getattr(self.wsgi, "wsgi_app", None), "together", None)

    def enqueue_req(self, conn: Connection) -> None:
        """Have a thread look after a connection."""
        self.traffic.began()
        super().enqueue_req(conn)

    def accept(self, listener: Any) -> None:
        """Take a caller in, unless another worker shall. Who stops takes all that are there."""
        now = time.monotonic()
        if self.alive and not self._turns.is_ours(now):
            return
        try:
            accepted, address = listener.accept()
            sock = CallerSocket(accepted, self._patience_s)
        except OSError as error:
            if error.errno not in _NOBODY_CAME:
                raise
            return
        self.nr_conns += 1
        self._turns.accepted(self.nr_conns, now)
        self.enqueue_req(Connection(self.cfg, sock, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: CallerSocket) -> None:
        """Answer a quick question at once; give any other one to a thread."""
        arrival = conn.arrival
        now = time.monotonic()
        line = self._quick.may(arrival.data, arrival.body_at, now) if conn.is_whole() else None
        if line is None:
            super().on_client_socket_readable(conn, client)
            return
        self.keepalived_conns.remove(conn)
        self._moment.add(line, conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Answer what is quick after all events of a moment, what asks the same together."""
        super().wait_for_and_dispatch_events(timeout)
        for line, conns in self._moment.groups():
            began, own = time.monotonic(), self._own_time.now()
            for _ in conns:
                self.traffic.began()
            prepare(conns, self._together)
            for conn in conns:
                self._one_at_a_time(conn, partial(self._answer_here, conn, began))
            now, own = time.monotonic(), self._own_time.now() - own
            self._quick.answered_here(line, now - began, own, now, len(conns))

    def _answer_here(self, conn: Connection, began: float) -> None:
        """Answer in the loop, which waits for nobody: a thread sends what is not taken at once."""
        conn.sock.hold()
        result = super().handle(conn)
        try:
            rest = conn.sock.release()
        except OSError:
            rest, result = b"", False
        conn.took_s = time.monotonic() - began
        if rest:
            self.poller.unregister(conn.sock)
            sent = self.tpool.submit(conn.send_rest, rest, result)
            sent.add_done_callback(partial(self.method_queue.defer, self.finish_request, conn))
            return
        self._note_end(conn)
        if result and not conn.again():
            self._keep(conn)
            return
        self.poller.unregister(conn.sock)
        self._go_on(conn, result)

    def _note_end(self, conn: Connection) -> None:
        """Count what was answered, if it was; in the loop."""
        self.traffic.ended()
        if conn.status is not None:
            self.traffic.answered(conn.status, conn.took_s)
            conn.status = None

    def handle(self, conn: Connection) -> Any:
        """Answer a request that is there; in a thread. Return whose turn it is, or whether we go on."""
        line = self._quick.line(conn.arrival.data)
        began, computed = time.monotonic(), time.thread_time()
        result = self._answer(conn)
        now = time.monotonic()
        conn.took_s = now - began
        if line is not None and conn.status == HTTPStatus.OK:
            computed = time.thread_time() - computed
            self._quick.answered_by_thread(line, conn.took_s, computed, now)
        return result

    def _answer(self, conn: Connection) -> Any:
        if conn.has_place:
            conn.is_reading = True
            conn.sock.expect_much()
        else:
            try:
                stage = conn.come()
            except OSError:
                return False
            if stage is Stage.PARTIAL:
                return Turn.CALLER
            if stage is Stage.LARGE:
                return Turn.QUEUE
            if stage is Stage.ENDLESS:
                conn.refuse(TOO_LONG_A_HEAD)
                return False
        if conn.gone and not conn.arrival.data:
            return False
        conn.deliver()
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Answer; a place is free again as soon as the body has been read."""
        watch_body(req, partial(self._body_is_there, conn) if conn.has_place else None)
        conn.status = None
        exchange = conn.exchange or Exchange(req, conn, self.cfg)
        conn.exchange = None
        if not self.alive or len(self.keepalived_conns) >= self.max_keepalived:
            exchange.response.force_close()
        try:
            return exchange.end(self.wsgi)
        finally:
            conn.status = exchange.status

    def _keepalive_after(self, conn: Connection, keepalive: Any) -> Any:
        """Keep no connection for whose large body a thread would have to wait."""
        return super()._keepalive_after(conn, keepalive and not conn.is_reading)

    def handle_error(self, _req: Any, client: CallerSocket, _addr: Any, exc: Exception) -> None:
        """Refuse what is no request, without repeating it."""
        structlog.contextvars.clear_contextvars()  # those of the thread's last request
        refusal = refusal_of(exc)
        if refusal is None:
            log.error("request.failed", code=FAILED.code, exc_info=exc)
        client.setblocking(False)
        with suppress(OSError):
            client.send((refusal or FAILED).told())

    def finish_request(self, conn: Connection, fs: Future[Any]) -> None:
        """Go on with a connection that a thread has done with; in the loop, as all that follows."""
        self._leave_place(conn)
        self._note_end(conn)
        self._one_at_a_time(conn, lambda: self._go_on(conn, fs.result()))

    def _one_at_a_time(self, conn: Connection, go_on: Callable[[], None]) -> None:
        """Do something about a connection; whatever goes wrong with it is about this one alone."""
        try:
            go_on()
        except Exception as error:
            log.error("connection.failed", exc_info=error)
            with suppress(KeyError):
                self.poller.unregister(conn.sock)
            self._drop(conn)

    def _go_on(self, conn: Connection, result: Any) -> None:
        """Do with a connection what a request's `result` says."""
        conn.sock.setblocking(False)
        if result is Turn.CALLER:
            self._wait(conn)
        elif result is Turn.QUEUE:
            self._enter_queue(conn)
        elif result and conn.again():
            self.enqueue_req(conn)
        elif result:
            self._keep(conn)
            self.poller.register(
                conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn)
            )
        else:
            self._part(conn)

    def _keep(self, conn: Connection) -> None:
        """Wait for the next request; a worker that stops does so for a moment only."""
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)

    def notify(self) -> None:
        """Tell the arbiter that we live, once a second; gunicorn would at each event."""
        now = time.monotonic()
        if now >= self._next_sign:
            self._next_sign = now + SIGN_S
            super().notify()

    def murder_pending(self) -> None:
        """Look whose time is up."""
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_S
        for conn in [one for one in self._waiting if one.timeout <= now]:
            self._wait_no_more(conn)
            self._give_up(conn, TOO_SLOW if conn.arrival.data else None)
        for conn in [one for one in self._queue if one.timeout <= now]:
            self._queue.remove(conn)
            self._give_up(conn, TOO_BUSY)
        for conn in [one for one in self._parting if one.timeout <= now]:
            self._part_at_last(conn)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop taking requests; those in flight are finished. Streams without an end are told."""
        extensions = getattr(getattr(self, "wsgi", None), "extensions", {})
        house = extensions.get("minerva")
        if house is not None:
            house.draining.set()
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:  # noqa: FBT001 - gunicorn's own method
        """When stopping, answer who is connected already, and let nobody else connect.

        A listening socket that stays open while we drain would take connections to drop them.
        """
        super().set_accept_enabled(enabled)
        if enabled or self.alive:
            return
        for listener in self.sockets:
            connections = None
            while connections != self.nr_conns:
                connections = self.nr_conns
                self.accept(listener)
            listener.close()

    def _cap_keepalive(self, deadline: float) -> None:
        """When stopping, do not wait for who has asked nothing."""
        super()._cap_keepalive(deadline)
        for conn in self._waiting:
            if not conn.arrival.data:
                conn.timeout = min(conn.timeout, deadline)

    def _wait(self, conn: Connection) -> None:
        conn.timeout = time.monotonic() + self._time_for(conn)
        self._waiting.add(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._more, conn))

    def _time_for(self, conn: Connection) -> float:
        if conn.arrival.data:
            return self._patience_s
        return float(self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER)

    def _wait_no_more(self, conn: Connection) -> None:
        self._waiting.discard(conn)
        self.poller.unregister(conn.sock)

    def _more(self, conn: Connection, _sock: CallerSocket) -> None:
        """Take what has come; a thread gets what is whole."""
        had_nothing = not conn.arrival.data
        try:
            stage = conn.come()
        except OSError:
            self._wait_no_more(conn)
            self._drop(conn)
            return
        if stage is Stage.PARTIAL:
            if had_nothing:
                conn.timeout = time.monotonic() + self._time_for(conn)
            return
        self._wait_no_more(conn)
        if stage is Stage.LARGE:
            self._enter_queue(conn)
        else:
            self.enqueue_req(conn)

    def _enter_queue(self, conn: Connection) -> None:
        conn.timeout = time.monotonic() + self._patience_s
        self._queue.append(conn)
        self._admit()

    def _admit(self) -> None:
        while self._queue and self._places > 0:
            self._places -= 1
            conn = self._queue.popleft()
            conn.has_place = True
            self.enqueue_req(conn)

    def _body_is_there(self, conn: Connection) -> None:
        """In a thread: nobody waits for the caller any more."""
        conn.is_reading = False
        conn.sock.expect_little()
        self.method_queue.defer(self._leave_place, conn)

    def _leave_place(self, conn: Connection) -> None:
        if conn.has_place:
            conn.has_place = False
            self._places += 1
            self._admit()

    def _give_up(self, conn: Connection, refusal: Refusal | None) -> None:
        if refusal is None:
            self._drop(conn)
        else:
            conn.refuse(refusal)
            self._part(conn)

    def _part(self, conn: Connection) -> None:
        """Say goodbye, and close when the caller has heard it."""
        if not conn.part():
            self._drop(conn)
            return
        self._parting.add(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._linger, conn))

    def _linger(self, conn: Connection, _sock: CallerSocket) -> None:
        if not conn.linger():
            self._part_at_last(conn)

    def _part_at_last(self, conn: Connection) -> None:
        self._parting.discard(conn)
        self.poller.unregister(conn.sock)
        self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        self.nr_conns -= 1
        conn.close()
