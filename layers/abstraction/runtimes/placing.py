"""From a version and the terms of its service to the process that it runs in."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from minerva.algorithm import Model
from minerva.layers.abstraction.plugins.snapshot import PLUGIN
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.runtimes.host import MODEL
from minerva.layers.abstraction.runtimes.hosted import hosted_model
from minerva.layers.abstraction.runtimes.keeping import Hosts, SpecOf
from minerva.layers.abstraction.runtimes.private_host import PrivateHost
from minerva.layers.abstraction.runtimes.spec import HostSpec
from minerva.layers.abstraction.services.declaration import Limits
from minerva.layers.abstraction.serving.terms import Terms
from minerva.schema import Schema

DEADLINE_MS = 30_000
"""For services that declare none: no call may keep a process that is shared busy for ever."""


@dataclass(frozen=True)
class Room:
    """What a model's process may use where its service says nothing."""

    memory_mb: int
    cpus: int
    idle_s: float
    threads: int
    reads: tuple[str, ...] = ()
    """Files and folders that any of them may read."""
    deadline_ms: int = DEADLINE_MS
    state: str = ""
    """The folder of what Minerva keeps, closed to all of them."""


@dataclass(frozen=True)
class Placing:
    """Puts versions into processes of their own; satisfies `serving.loading.Place`."""

    hosts: Hosts
    workspace: Path
    room: Room

    def __call__(
        self, version: Version, folder: Path, manifest: Mapping[str, Any], terms: Terms
    ) -> Model:
        """Return the model in its process, started if need be. Raises what keeps it from starting."""
        limits = terms.limits
        return self.hosts.model(
            version.digest,
            spec_of(manifest, folder, self.workspace, terms, self.room, version.tenant),
            lock="\n".join(manifest.get("requirements", ())),
            log_name=f"{version.service}-{version.number}",
            idle_s=limits.idle_s or self.room.idle_s,
        )


@dataclass(frozen=True)
class Apart:
    """Puts versions into processes of this process alone; satisfies `serving.loading.Place`.

    For jobs, which ask for many rows at once and have no deadline: they would keep waiting, or have
    ended, the process that answers callers.
    """

    python: Callable[[str], Path]
    """Returns the interpreter of a lock."""
    state: Path
    workspace: Path
    log_folder: Path
    room: Room

    def __call__(
        self, version: Version, folder: Path, manifest: Mapping[str, Any], terms: Terms
    ) -> Model:
        """Return the model in its process, which ends with it. Raises what keeps it from starting."""
        terms = replace(terms, limits=Limits(), deadline_ms=None, batching=None)
        host = PrivateHost(
            self.state,
            self.python("\n".join(manifest.get("requirements", ()))),
            spec_of(manifest, folder, self.workspace, terms, self.room),
            self.log_folder / f"{version.service}.log",
        )
        model = hosted_model(
            host.find,
            algorithm=manifest["algorithm"],
            schema=Schema.parse(manifest["schema"]),
            explains=host.explains,
            files=folder / MODEL,
        )
        weakref.finalize(model, host.end)
        return model


def spec_of(
    manifest: Mapping[str, Any],
    folder: Path,
    workspace: Path,
    terms: Terms,
    room: Room,
    tenant: str = "",
) -> SpecOf:
    """Return what makes the spec of a version's process; `tenant`: whose version it is."""
    cpus = terms.limits.cpus or room.cpus
    batching = terms.batching

    def spec(scratch: Path, socket: str) -> HostSpec:
        return HostSpec(
            algorithm=manifest["algorithm"],
            schema=manifest["schema"],
            parameters=manifest["parameters"],
            workspace=str(workspace),
            folder=str(folder),
            plugins=str(folder) if (folder / PLUGIN).is_dir() else "",
            reads=room.reads,
            state=room.state,
            scratch=str(scratch),
            socket=socket,
            threads=min(room.threads, cpus) if cpus else room.threads,
            cpus=cpus,
            memory_mb=terms.limits.memory_mb or room.memory_mb,
            network=bool(manifest.get("network", False)),
            allow_pickle=terms.allow_pickle,
            thread_safe=bool(manifest.get("thread_safe", True)),
            max_batch=0 if batching is None else batching.max_batch,
            max_wait_ms=0 if batching is None else batching.max_wait_ms,
            tenant="" if batching is None else tenant,
            deadline_ms=terms.deadline_ms or room.deadline_ms,
        )

    return spec
