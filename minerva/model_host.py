"""Entry point of a model's own process: `python -P -m minerva.model_host <channel>`.

Started by `layers.abstraction.runtimes.launch`, which says what to do in the first line of standard
input (a HostSpec) and reads one JSON line from the file descriptor `<channel>`: `{"ready": {…}}` once
it listens, or `{"error": {"code", "message", "faults"}}`. Ends when standard input does.

Nothing that starts threads is imported before the sandbox is in place. The socket is made before, since
the sandbox lets none be made, and is listened on when there is somebody to answer.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from minerva.errors import MinervaError
from minerva.layers.abstraction.runtimes.binding import bound
from minerva.layers.abstraction.runtimes.reading import listable, readable
from minerva.layers.abstraction.runtimes.sandbox import Rules, confine
from minerva.layers.abstraction.runtimes.spec import HostSpec

if TYPE_CHECKING:
    from minerva.layers.abstraction.runtimes.host import Host

PARENT_GONE, HANGS, NOT_STARTED = 3, 4, 5
"""Exit codes."""


def main() -> int:
    """Be a host; returns only when it could not become one."""
    channel = int(sys.argv[1])
    os.set_inheritable(channel, False)
    spec = msgspec.json.decode(sys.stdin.buffer.readline(), type=HostSpec)
    _ask_the_kernel()
    listening = bound(spec.socket)
    unconfined = confine(_rules(spec))
    threading.Thread(target=_end_with_parent, args=(spec,), daemon=True).start()
    try:
        _serve(spec, unconfined, channel, listening)
    except BaseException as error:  # noqa: BLE001 - the last frame: a plugin may raise anything while it is imported or loads
        _tell(channel, {"error": _explained(spec, error)})
    return NOT_STARTED


def _ask_the_kernel() -> None:
    """On Linux, have our whole group killed when standard input ends.

    The thread below sees the same, unless native code of the plugin holds the interpreter's lock.
    """
    if not sys.platform.startswith("linux") or os.getpgrp() != os.getpid():
        return
    import fcntl

    set_signal = 10  # F_SETSIG, which the module does not name
    fcntl.fcntl(0, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(0, set_signal, signal.SIGKILL)
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


def _rules(spec: HostSpec) -> Rules:
    return Rules(
        scratch=Path(spec.scratch),
        readable=readable(spec),
        listable=listable(spec),
        shared_memory=not spec.folder,  # who learns may use several processes for it
        memory_mb=spec.memory_mb,
        cpus=spec.cpus,
        network=spec.network,
    )


def _serve(
    spec: HostSpec, unconfined: tuple[str, ...], channel: int, listening: socket.socket
) -> None:
    import structlog

    from minerva.layers.abstraction.runtimes.listen import BACKLOG, answer_all
    from minerva.layers.abstraction.runtimes.opening import open_host
    from minerva.layers.abstraction.runtimes.watch import Watch
    from minerva.layers.core.telemetry.logging import configure

    configure(None, "host")
    structlog.contextvars.bind_contextvars(layer="abstraction")
    if unconfined:
        structlog.get_logger().warning("sandbox.partial", open=unconfined)
    host: Host = open_host(spec)
    never = threading.Event()
    watch = Watch(host.calls, spec.deadline_ms, sys.stdout.fileno(), lambda: _end(spec, HANGS))
    threading.Thread(target=watch.run, args=(never,), daemon=True).start()
    listening.listen(BACKLOG)
    _tell(channel, {"ready": {"explains": host.explains, "unconfined": unconfined}})
    os.close(channel)
    answer_all(host, listening, never)


def _explained(spec: HostSpec, error: BaseException) -> dict[str, Any]:
    import traceback

    traceback.print_exception(error)
    if isinstance(error, MinervaError):
        faults = [{"where": fault.where, "message": fault.message} for fault in error.faults]
        return {"code": error.code, "message": error.message, "faults": faults}
    why = "ran out of memory" if isinstance(error, MemoryError) else "could not load its model"
    message = (
        f"Algorithm {spec.algorithm} {why} ({type(error).__name__}); its process's log says where."
    )
    return {"code": "algorithm_failed", "message": message, "faults": []}


def _tell(channel: int, message: dict[str, Any]) -> None:
    line = msgspec.json.encode(message) + b"\n"
    with suppress(BrokenPipeError):  # nobody waits any more; standard input ends soon
        while line:
            line = line[os.write(channel, line) :]


def _end_with_parent(spec: HostSpec) -> None:
    """Standard input ends when the parent does, however it ended: then nobody wants the model.

    Read below Python's buffer, whose lock would break the end of the interpreter.
    """
    while os.read(0, 4096):
        continue
    _end(spec, PARENT_GONE)


def _end(spec: HostSpec, code: int) -> None:
    """End at once, with whatever the plugin started."""
    with suppress(OSError):
        Path(spec.socket).unlink(missing_ok=True)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
