"""An algorithm that never runs in this process: it trains, inspects and loads in one of its own.

For foreign code where it could do harm, and for algorithms whose libraries are in an environment of
their own. The process is this one's child and is not shared.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from minerva.algorithm import Algorithm, Context, Imports, Inspected, TrainingContext, TrainingData
from minerva.errors import InvalidConfiguration, Unavailable
from minerva.layers.abstraction.plugins.snapshot import keep
from minerva.layers.abstraction.plugins.source import Source
from minerva.layers.abstraction.runtimes.host import MODEL
from minerva.layers.abstraction.runtimes.hosted import HostedModel, hosted_model
from minerva.layers.abstraction.runtimes.private_host import PrivateHost
from minerva.layers.abstraction.runtimes.spec import HostSpec
from minerva.layers.abstraction.runtimes.talk import inspect, train

INSPECT_LIMIT_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where private processes run and with what."""

    python: Callable[[], Path]
    """The interpreter; asked when one is needed, because its environment may have to be built."""
    state: Path
    workspace: Path
    log_file: Path | None
    """Gets what the plugin prints, and tracebacks."""
    source: Source | None = None
    """The workspace's plugin as it was imported here, to work from that and no newer one; None: the
    process looks for the algorithm itself."""
    reads: tuple[str, ...] = ()
    """As `HostSpec.reads`."""
    memory_mb: int = 0
    cpus: int = 0


class HostedAlgorithm(Algorithm):
    """Stands for `inner`; same name, parameters and needs. Make it with `hosted_algorithm`."""

    def __init__(self, inner: Algorithm, around: Surroundings) -> None:
        facts = (
            "name",
            "Parameters",
            "problem",
            "needs_data",
            "requirements",
            "thread_safe",
            "network",
        )
        vars(self).update({fact: getattr(inner, fact) for fact in facts})
        self._inner = inner
        self._around = around
        self._running: weakref.WeakSet[PrivateHost] = weakref.WeakSet()

    def train(self, data: TrainingData, context: TrainingContext) -> HostedModel:
        """Train in a process of its own; the model stays in it. Raises what the algorithm raised."""
        with self._host(context) as host, host.ending_told("trained"):
            explains = train(
                host.socket,
                algorithm=self.name,
                data=data,
                seed=context.seed,
                progress=context.progress,
            )
            return self._model(host, context, host.scratch / MODEL, explains=explains)

    def load(self, folder: Path, context: Context) -> HostedModel:
        """Load in a process of its own."""
        with self._host(context, folder) as host:
            return self._model(host, context, folder, explains=host.explains)

    def close(self) -> None:
        """End the processes of all its models."""
        for host in list(self._running):
            host.end()

    @contextmanager
    def _host(
        self, context: Context | None, folder: Path | None = None, reads: Sequence[Path] = ()
    ) -> Iterator[PrivateHost]:
        """Start a process, which is ended if the block fails."""
        around = self._around

        def spec(scratch: Path, socket: str) -> HostSpec:
            return HostSpec(
                algorithm=self.name,
                folder=str(_version(folder, scratch)) if folder else "",
                plugins=_copy(around.source, scratch),
                source=str(around.source.path) if around.source else "",
                reads=(*around.reads, *map(str, reads)),
                state=str(around.state),
                scratch=str(scratch),
                socket=socket,
                memory_mb=around.memory_mb,
                cpus=around.cpus,
                network=self.network,
                thread_safe=self.thread_safe,
                **_told(context, around.workspace),
            )

        host = PrivateHost(around.state, around.python(), spec, around.log_file)
        self._running.add(host)
        try:
            yield host
        except BaseException:
            host.end()
            raise

    def _model(
        self, host: PrivateHost, context: Context, files: Path, *, explains: bool
    ) -> HostedModel:
        model = hosted_model(
            host.find, algorithm=self.name, schema=context.schema, explains=explains, files=files
        )
        weakref.finalize(model, host.end)
        return model


class HostedImporter(HostedAlgorithm):
    """One that serves files somebody else trained: satisfies `minerva.algorithm.Imports` too."""

    def recognises(self, path: Path) -> bool:
        """Ask the algorithm itself: it looks at the name and the first bytes only."""
        return isinstance(self._inner, Imports) and self._inner.recognises(path)

    def inspect(self, path: Path, context: Context | None) -> Inspected:
        """Look into the file in a process of its own."""
        path = path.resolve()
        alone = path.is_dir() or path.parent == self._around.workspace.resolve()
        reads = [path if alone else path.parent]  # some formats keep a model in several files
        with self._host(context, reads=reads) as host, host.ending_told("read a file"):
            found = inspect(host.socket, algorithm=self.name, path=path, timeout_s=INSPECT_LIMIT_S)
            host.end()
            return found


def hosted_algorithm(inner: Algorithm, around: Surroundings) -> HostedAlgorithm:
    """Return the algorithm that stands for `inner` here."""
    kind = HostedImporter if isinstance(inner, Imports) else HostedAlgorithm
    return kind(inner, around)


def _told(context: Context | None, workspace: Path) -> dict[str, Any]:
    if context is None:
        return {"schema": {}, "workspace": str(workspace)}
    return {
        "schema": context.schema.to_json(),
        "parameters": _plain(context.parameters),
        "workspace": str(context.workspace),
        "threads": context.threads,
        "allow_pickle": context.allow_pickle,
    }


def _copy(source: Source | None, scratch: Path) -> str:
    if source is None:
        return ""
    try:
        keep(source, scratch)
    except OSError as error:
        raise Unavailable(f"{scratch} cannot be written: {error.strerror}.") from error
    return str(scratch)


def _plain(parameters: Any) -> Any:
    try:
        return msgspec.to_builtins(parameters)
    except (TypeError, ValueError) as error:
        raise InvalidConfiguration(
            "The parameters hold what cannot be told to another process: use plain types."
        ) from error


def _version(folder: Path, scratch: Path) -> Path:
    """Return a version's folder whose `model/` is `folder`."""
    if folder.name == MODEL:
        return folder.resolve().parent
    version = scratch / "version"
    version.mkdir()
    (version / MODEL).symlink_to(folder.resolve())
    return version
