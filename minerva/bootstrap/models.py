"""How one process loads and makes models: signatures, environments, hosts, training."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from minerva.adapters.engines.opening import DaskEngines
from minerva.adapters.sources.opening import open_source
from minerva.algorithm import Algorithm
from minerva.bootstrap.flows import Houses
from minerva.layers.abstraction.callbacks.tell import Tell
from minerva.layers.abstraction.plugins.catalogue import Plugins
from minerva.layers.abstraction.plugins.source import Source
from minerva.layers.abstraction.registry.records import Version
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.registry.store import ArtefactStore, ConfigurationStore
from minerva.layers.abstraction.runtimes.environments import Environments
from minerva.layers.abstraction.runtimes.keeping import Hosts
from minerva.layers.abstraction.runtimes.placing import Apart, Placing, Room
from minerva.layers.abstraction.runtimes.private import Surroundings, hosted_algorithm
from minerva.layers.abstraction.services.declaration import DataDeclaration, ServiceDeclaration
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.serving.live import LiveServices
from minerva.layers.abstraction.serving.loading import Loader
from minerva.layers.abstraction.serving.terms import Terms
from minerva.layers.abstraction.training.cpus import usable_cpus
from minerva.layers.abstraction.training.preparation import Preparation
from minerva.layers.abstraction.training.source import DataSource
from minerva.layers.abstraction.training.train import Trainer
from minerva.layers.abstraction.training.versioning import Versioning
from minerva.layers.abstraction.trust.signing import Signer
from minerva.settings import Loaded


class Models:
    """What loads and makes models in one process."""

    def __init__(
        self,
        loaded: Loaded,
        artefacts: ArtefactStore,
        plugins: Plugins,
        *,
        shared: bool,
    ) -> None:
        """`shared`: this process has other work too than one job."""
        settings = loaded.settings
        self._loaded = loaded
        self._shared = shared
        self._plugins = plugins
        self.houses = Houses(loaded, plugins)
        self._environments = Environments(loaded.state / "environments")
        self.hosts = Hosts(
            loaded.workspace,
            loaded.state,
            environments=self._environments,
            idle_s=settings.host_idle_s,
            to_stdout=loaded.log_folder is None,
        )
        room = Room(
            settings.host_memory_mb,
            settings.host_cpus,
            settings.host_idle_s,
            threads=1,
            reads=loaded.host_reads,
            state=str(loaded.state),
        )
        self.loader = Loader(
            artefacts,
            plugins,
            loaded.workspace,
            open_signer(loaded),
            Placing(self.hosts, loaded.workspace, room) if shared else self._alone(),
            self.houses,
        )

    def prover(
        self, configurations: ConfigurationStore, live: Callable[[], LiveServices]
    ) -> Callable[[Version], object]:
        """Return what loads a version under its service's terms and has it repeat its goldens.

        Not again those that did so in this process and are still loaded. What this process serves
        is asked for when it is needed: it is made after the registry, whose part this is.
        """

        def prove(version: Version) -> object:
            configuration = configurations.latest(version.tenant, version.service)
            declared = None if configuration is None else parse(configuration.declaration)
            terms = Terms() if declared is None else Terms.of(declared)
            return live().holds(version, terms) or self.loader.load(version, terms)

        return prove

    def versioning(self, registry: Registry, tell: Tell, now: Callable[[], datetime]) -> Versioning:
        """Return what makes versions."""
        loaded = self._loaded
        return Versioning(
            registry=registry,
            artefacts=self.loader.artefacts,
            loader=self.loader,
            catalogue=self._plugins,
            prepare=Preparation(self._plugins, self._environments.lock, self._apart),
            trainer=Trainer(loaded.workspace, usable_cpus(), self.loader.signer),
            open_source=_source_opener(loaded),
            engines=DaskEngines(loaded.workspace, loaded.settings.database_timeout_s),
            environment=os.environ,
            scratch=loaded.state / "scratch",
            now=now,
            tell=tell,
        )

    def _alone(self) -> Apart:
        """Return what keeps a job's models away from those that answer callers."""
        loaded = self._loaded
        settings = loaded.settings
        room = Room(
            settings.job_memory_mb,
            0,
            settings.host_idle_s,
            usable_cpus(),
            loaded.host_reads,
            0,
            str(loaded.state),
        )
        log_folder = (loaded.log_folder or loaded.state / "logs") / "plugins"
        return Apart(self._environments.python, loaded.state, loaded.workspace, log_folder, room)

    def _output(self, service: str) -> Path | None:
        """Return where a training prints: in a job's process into the log of the attempt."""
        if not self._shared:
            return None
        folder = self._loaded.log_folder or self._loaded.state / "logs"
        return folder / "plugins" / f"{service}.log"

    def _apart(
        self,
        algorithm: Algorithm,
        declaration: ServiceDeclaration,
        lock: str,
        source: Source | None,
    ) -> Algorithm:
        """Satisfy `preparation.Apart`."""
        state = self._loaded.state
        around = Surroundings(
            python=lambda: self._environments.python(lock),
            state=state,
            workspace=self._loaded.workspace,
            log_file=self._output(declaration.service),
            source=source,
            reads=self._loaded.host_reads,
            memory_mb=self._loaded.settings.job_memory_mb,
        )
        return hosted_algorithm(algorithm, around)


def open_signer(loaded: Loaded) -> Signer:
    """Return what signs this workspace's versions and checks all. Raises InvalidConfiguration."""
    settings = loaded.settings
    trusted = loaded.workspace / settings.trusted_keys if settings.trusted_keys else None
    return Signer.open(signing_key(loaded), trusted)


def signing_key(loaded: Loaded) -> Path:
    """Return the file that holds the workspace's own key."""
    named = loaded.settings.signing_key
    return loaded.workspace / named if named else loaded.state / "signing.key"


def _source_opener(loaded: Loaded) -> Callable[[DataDeclaration], DataSource]:
    def opener(declaration: DataDeclaration) -> DataSource:
        return open_source(declaration, loaded.workspace, loaded.settings.database_timeout_s)

    return opener
