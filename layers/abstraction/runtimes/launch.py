"""Starts a model's own process, waits until it is ready, and ends it with all that it started."""

from __future__ import annotations

import os
import re
import selectors
import signal
import site
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from minerva.errors import AlgorithmFailed, Fault, MinervaError, Unavailable
from minerva.layers.abstraction.runtimes.failures import failure
from minerva.layers.abstraction.runtimes.spec import HostSpec

STDOUT = 1
MODULE = "minerva.model_host"
POLL_S = 0.01
MAX_MESSAGE = 1024 * 1024
THREAD_COUNTS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
)  # fmt: skip
OURS = "MINERVA_"
_SECRET = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL|_UR[LI]$|DSN")


class Ready(msgspec.Struct, frozen=True):
    """What a host says of itself once it listens."""

    explains: bool = False
    """Whether its model has `explain`."""
    unconfined: tuple[str, ...] = ()
    """What this kernel cannot keep from it; empty with all of the sandbox."""


class _Error(msgspec.Struct, frozen=True):
    code: str
    message: str
    faults: tuple[Fault, ...] = ()


class _Told(msgspec.Struct, frozen=True):
    ready: Ready | None = None
    error: _Error | None = None


class HostProcess:
    """A running host. Ends with its parent: hold it as long as it is needed."""

    def __init__(self, process: subprocess.Popen[bytes], spec: HostSpec, channel: int) -> None:
        self.process = process
        self.spec = spec
        self._channel = channel

    def ready(self, timeout_s: float) -> Ready:
        """Wait until it listens; ask once.

        Raises what it failed with (InvalidConfiguration, AlgorithmFailed, …), AlgorithmFailed if it
        ended, Unavailable if it takes longer; it is killed then.
        """
        try:
            told = _decode(self._line(timeout_s))
            if told.ready is None:
                raise self._failure(told)  # noqa: TRY301 - killed as for any other failure
            return told.ready  # noqa: TRY300 - reads as one: ready or not
        except BaseException:
            self.kill()
            raise
        finally:
            os.close(self._channel)

    @property
    def pid(self) -> int:
        """Also the id of its process group."""
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        if self.process.returncode is not None:
            return False
        if not hasattr(os, "waitid"):  # macOS before Python 3.13
            return self.process.poll() is None
        # not reaped yet: its number stays the group's, for `kill` to end what it left behind
        try:
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:  # another thread has reaped it since we looked
            return False

    def ends_within(self, seconds: float) -> bool:
        """Wait until it has ended, so long at most: its connections close a moment before it has."""
        until = time.monotonic() + seconds
        while self.running and time.monotonic() < until:
            time.sleep(POLL_S)
        return not self.running

    def kill(self) -> None:
        """End it and whatever it started, remove its socket; may be called again."""
        if self.process.returncode is None:  # later, the group's number may be another's
            with suppress(ProcessLookupError, PermissionError):  # the latter: macOS, it ended
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            with suppress(BrokenPipeError):
                self.process.stdin.close()
        with suppress(OSError):
            Path(self.spec.socket).unlink(missing_ok=True)

    def _line(self, timeout_s: float) -> bytes:
        """Return what it says on its channel, as far as it came."""
        until = time.monotonic() + timeout_s
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            while not line.endswith(b"\n") and len(line) < MAX_MESSAGE:
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise Unavailable(
                        f"The process of algorithm {self.spec.algorithm} was not ready within "
                        f"{timeout_s:g} s; its log may say why."
                    )
                read = os.read(self._channel, 65536)
                if not read:
                    break
                line += read
        return line

    def _failure(self, told: _Told) -> MinervaError:
        if told.error is not None:
            return failure(told.error.code, told.error.message, told.error.faults)
        self.kill()
        code = self.process.returncode
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return AlgorithmFailed(
            f"The process of algorithm {self.spec.algorithm} ended {how} before it was ready; "
            "its log may say why."
        )


def launch(python: Path, spec: HostSpec, log_file: Path | None) -> HostProcess:
    """Start a host with this interpreter, which has minerva; `ready` waits for it.

    What it prints goes to `log_file` (made, 0600); None: to where this process prints.
    Raises Unavailable if it cannot be started.
    """
    receive, send = os.pipe()
    try:
        process = _start(python, spec, log_file, send)
    except OSError as error:
        os.close(receive)
        raise Unavailable(
            f"The process of algorithm {spec.algorithm} cannot be started: {error.strerror}."
        ) from error
    finally:
        os.close(send)
    if process.stdin is None:
        raise RuntimeError("the host was started without standard input")
    with suppress(BrokenPipeError):  # it died at once; `ready` tells
        process.stdin.write(msgspec.json.encode(spec) + b"\n")
        process.stdin.flush()
    return HostProcess(process, spec, receive)


def environment(spec: HostSpec, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return what a host sees of the environment: no settings of ours, which hold passwords.

    Without the network a model has no use for anyone's secrets either, as far as names tell them.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith(OURS) and (spec.network or not _SECRET.search(name.upper()))
    }
    return {
        "PYTHONUSERBASE": site.getuserbase(),  # else it would follow HOME
        **kept,
        **dict.fromkeys(THREAD_COUNTS, str(spec.threads)),
        "HOME": spec.scratch,
        "TMPDIR": spec.scratch,
        "PYTHONDONTWRITEBYTECODE": "1",  # not into a version's folder
        "PYTHONFAULTHANDLER": "1",
        "PYTHONUNBUFFERED": "1",
        "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime's, of a plugin that imports it itself
    }


def _start(
    python: Path, spec: HostSpec, log_file: Path | None, channel: int
) -> subprocess.Popen[bytes]:
    output = os.dup(STDOUT) if log_file is None else _opened(log_file)
    try:
        return subprocess.Popen(  # noqa: S603 - our own module
            [python, "-P", "-m", MODULE, str(channel)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=spec.scratch,
            env=environment(spec, os.environ),
            pass_fds=(channel,),
            start_new_session=True,
        )
    finally:
        os.close(output)


def _opened(log_file: Path) -> int:
    log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(log_file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _decode(line: bytes) -> _Told:
    with suppress(msgspec.DecodeError):
        return msgspec.json.decode(line, type=_Told)
    return _Told()
