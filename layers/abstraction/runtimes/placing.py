"""From a version and the terms of its service to the process that it runs in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minerva.algorithm import Model
from minerva.layers.abstraction.plugins.snapshot import PLUGIN
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.runtimes.keeping import Hosts
from minerva.layers.abstraction.runtimes.spec import HostSpec
from minerva.layers.abstraction.serving.terms import Terms

DEADLINE_MS = 30_000
"""For services that declare none: no call may keep a process busy for ever."""


@dataclass(frozen=True)
class Room:
    """What a model's process may use where its service says nothing."""

    memory_mb: int
    cpus: int
    idle_s: float
    threads: int


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
        cpus = limits.cpus or self.room.cpus
        carried = (folder / PLUGIN).is_dir()

        def spec(scratch: Path, socket: str) -> HostSpec:
            return HostSpec(
                algorithm=manifest["algorithm"],
                schema=manifest["schema"],
                parameters=manifest["parameters"],
                workspace=str(self.workspace),
                folder=str(folder),
                plugins=str(folder) if carried else "",
                scratch=str(scratch),
                socket=socket,
                threads=min(self.room.threads, cpus) if cpus else self.room.threads,
                cpus=cpus,
                memory_mb=limits.memory_mb or self.room.memory_mb,
                network=bool(manifest.get("network", False)),
                allow_pickle=terms.allow_pickle,
                thread_safe=bool(manifest.get("thread_safe", True)),
                deadline_ms=terms.deadline_ms or DEADLINE_MS,
            )

        return self.hosts.model(
            version.digest,
            spec,
            lock="\n".join(manifest.get("requirements", ())),
            log_name=f"{version.service}-{version.number}",
            idle_s=limits.idle_s or self.room.idle_s,
        )
