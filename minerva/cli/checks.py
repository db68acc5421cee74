"""What `minerva doctor` looks at, one question each."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from minerva.cli.check import Check, asked
from minerva.cli.model_checks import environments, keeper, sandbox, signing, webhooks
from minerva.cli.presence import find
from minerva.cli.processes import RUN_FOLDER
from minerva.cli.session import SETTINGS_FILE, Session
from minerva.errors import MinervaError

if TYPE_CHECKING:
    from minerva.bootstrap import Container
    from minerva.client import Client
    from minerva.layers.abstraction.services.declaration import DataDeclaration
    from minerva.settings import Loaded

OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 1024**3
WAITS_TOO_LONG = timedelta(seconds=30)
SKEWED_S = 5
ANSWER_WITHIN_S = 5.0
NO_SUCH_JOB = "doctor"
"""Sent through the queue; a worker finds no job of this id and does nothing."""


def examine(session: Session) -> Iterator[Check]:
    """Ask everything, in the order in which one thing needs the other."""
    yield _python()
    yield _workspace(session)
    try:
        loaded = session.load()
    except MinervaError as error:
        yield Check("settings", False, str(error), f"correct {SETTINGS_FILE} or the environment")
        return
    yield Check("settings", True, _changed(loaded))
    yield _disk(loaded)
    key, told = signing(loaded), webhooks(loaded)
    yield from (key, told)
    if key.fine and told.fine:  # no part can be opened without it
        yield from _parts(loaded)
    yield from _sidecar(session)


def _python() -> Check:
    fine = sys.version_info >= OLDEST_PYTHON
    return Check("python", fine, platform.python_version(), "install Python 3.11 or newer")


def _workspace(session: Session) -> Check:
    folder = session.workspace
    fine = (folder / SETTINGS_FILE).exists()
    says = str(folder) if fine else f"{folder} has no {SETTINGS_FILE}"
    return Check("workspace", fine, says, "minerva init, or name another with --workspace")


def _changed(loaded: Loaded) -> str:
    changed = [name for name, origin in loaded.origins.items() if origin != "default"]
    return f"changed: {', '.join(changed)}" if changed else "all at their defaults"


def _disk(loaded: Loaded) -> Check:
    folder = next(one for one in (loaded.state, *loaded.state.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    says = f"{free / 1024**3:.1f} GiB free at {folder}"
    return Check("disk", free >= LEAST_FREE_BYTES, says, "free at least 1 GiB")


def _parts(loaded: Loaded) -> Iterator[Check]:
    from minerva.cli.control import control

    try:
        with control(loaded) as container:
            yield Check("database", True, f"{_database(loaded)}: reachable, migrated")
            yield _clock(container)
            yield _artefacts(container)
            yield _queue(container)
            yield _worker(container)
            yield _plugins(container)
            yield from _services(container)
            yield keeper(container)
            yield sandbox()
    except MinervaError as error:
        yield Check("database", False, str(error), "look at database_url: minerva settings")


def _database(loaded: Loaded) -> str:
    from minerva.settings import mask_password

    return mask_password(loaded.database_url)


def _clock(container: Container) -> Check:
    skew = container.stores.clock.skew_s()
    says = f"{abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'} the database's"
    return Check("clock", abs(skew) <= SKEWED_S, says, "set this machine's clock, by NTP")


def _artefacts(container: Container) -> Check:
    from minerva.settings import mask_password

    digest = hashlib.sha256(f"doctor {os.getpid()}".encode()).hexdigest()

    def write_and_read() -> str:
        with tempfile.TemporaryDirectory() as name:
            (Path(name) / "probe").write_text("probe", encoding="ascii")
            container.artefacts.put(digest, Path(name))
        container.artefacts.fetch(digest)
        container.artefacts.delete(digest)
        return f"{mask_password(container.loaded.artefacts_url)}: written, read, deleted"

    return asked("artefacts", "look at artefacts_url: minerva settings", write_and_read)


def _queue(container: Container) -> Check:
    from minerva.settings import mask_password

    def send() -> str:
        container.queue.send(NO_SUCH_JOB, "ping")
        return f"{mask_password(container.loaded.queue_url)}: takes messages"

    return asked("queue", "look at queue_url: minerva settings", send)


def _worker(container: Container) -> Check:
    """Alive on this machine; with a broker that others share, also where no job waits in vain."""
    from minerva.layers.abstraction.jobs.job import JobState

    todo = "minerva up, or minerva worker"
    here = find(container.loaded.state / RUN_FOLDER, "worker")
    if here:
        return Check("worker", True, f"alive (pid {', '.join(map(str, here))})")
    long_ago = container.stores.clock.now() - WAITS_TOO_LONG
    queued = container.jobs.list("default", state=JobState.QUEUED)
    waiting = [job for job in queued if job.created_at < long_ago]
    if waiting:
        return Check("worker", False, f"{len(waiting)} jobs wait and no worker takes them", todo)
    if container.loaded.queue_url.startswith("filesystem://"):
        return Check("worker", False, "none is running", todo)
    return Check("worker", True, "none on this machine; no job waits")


def _plugins(container: Container) -> Check:
    catalogue = container.catalogue()
    if catalogue.problems:
        says = "\n".join(map(str, catalogue.problems))
        return Check("plugins", False, says, "correct or remove what is named")
    return Check("plugins", True, f"{len(catalogue.algorithms)} algorithms: minerva algorithms")


def _services(container: Container) -> Iterator[Check]:
    from minerva.layers.abstraction.services.folder import read_services

    declared = read_services(
        container.loaded.workspace, container.offline.check, container.offline.among
    )
    if declared.problems:
        yield Check("services", False, "\n".join(map(str, declared.problems)), "correct the files")
    else:
        names = ", ".join(one.service for one in declared.services)
        yield Check("services", True, names or "none yet: minerva new service --help")
    yield environments(container, declared.services)
    for declaration in declared.services:
        if declaration.data is not None:
            yield _data(container, declaration.service, declaration.data)


def _data(container: Container, service: str, data: DataDeclaration) -> Check:
    from minerva.layers.abstraction.services.environment import expand

    def read() -> str:
        source = container.versioning.open_source(expand(data, os.environ))
        return f"readable, {next(iter(source.frames(100))).shape[1]} columns"

    return asked(f"data of {service}", "look at `data:` in its file", read)


def _sidecar(session: Session) -> Iterator[Check]:
    try:
        with session.client(ANSWER_WITHIN_S) as client:
            status = client.ready().get("status")
            yield Check("sidecar", status == "ready", f"{client.url} is {status}", "minerva logs")
            served = _served(client)
            yield served
            if served.name != "key":
                yield _hooks(client)
    except MinervaError as error:
        yield Check("sidecar", False, str(error), "minerva up")


def _served(client: Client) -> Check:
    try:
        services = client.services()
    except MinervaError as error:
        return Check("key", False, str(error), "minerva keys create NAME --scope admin")
    problems = [f"{one['service']}: {one['problem']}" for one in services if one.get("problem")]
    if problems:
        return Check("serving", False, "\n".join(problems), "minerva logs --level warning")
    serving = [one["service"] for one in services if one.get("version")]
    return Check("serving", True, ", ".join(serving) or "nothing yet: minerva train SERVICE")


def _hooks(client: Client) -> Check:
    """Ask the sidecar, since each process switches off for itself the hooks that keep failing."""
    problems = client.service_list().get("problems", [])
    off = [f"{one['where']}: {one['message']}" for one in problems if _tells_of_hook(one)]
    says = "\n".join(off) or "none is switched off"
    return Check("hooks", not off, says, "mend the plugin; minerva logs --level warning says why")


def _tells_of_hook(problem: dict[str, str]) -> bool:
    """Whether it is no file's problem: those were told of above."""
    return problem["message"].startswith("hook ")
