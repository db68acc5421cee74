"""What a model's own process is told when it starts: the first line of its standard input."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec

from minerva.errors import InvalidConfiguration

MAX_SOCKET_BYTES = 100
"""A Unix socket's path has room for 108 bytes on Linux, 104 on macOS."""

Count = Annotated[int, msgspec.Meta(ge=0)]


class HostSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One host: a process that holds one model, or will train or inspect one."""

    algorithm: str
    schema: dict[str, Any]
    """As `Schema.to_json` gives it."""
    parameters: dict[str, Any] = {}
    workspace: str
    """Relative paths in parameters are below this folder."""
    folder: str = ""
    """A verified version's folder, read only; its `model/` is loaded. Empty: nothing is loaded before
    somebody trains or inspects."""
    plugins: str = ""
    """The folder with the `plugin/` to find the algorithm in (`plugins.snapshot.restore`). Empty: it
    is an installed one, or in the workspace."""
    source: str = ""
    """Where the workspace keeps the plugin of which `plugins` holds a copy; empty for a version, which
    has forgotten. So a plugin that trains finds the files that lie beside it."""
    reads: tuple[str, ...] = ()
    """Files and folders that it may read beside its own: what it is asked to look into, and what the
    operator allows."""
    state: str = ""
    """The folder of what Minerva keeps, of which nothing is read but what is named above. Empty: it lies
    in the workspace, as `.minerva`."""
    scratch: str
    """The only folder that the host may write to; there already, owned by the parent, mode 0700."""
    socket: str
    """Where the host listens: a path of at most 100 bytes, in `scratch`."""
    threads: Annotated[int, msgspec.Meta(ge=1)] = 1
    """CPU threads of OpenMP and BLAS."""
    cpus: Count = 0
    """CPUs that the host is bound to; 0: all."""
    memory_mb: Count = 0
    """0: no limit."""
    network: bool = False
    allow_pickle: bool = False
    thread_safe: bool = True
    max_batch: Count = 0
    """Calls in flight are joined up to so many rows; 0: each is asked by itself."""
    max_wait_ms: Annotated[float, msgspec.Meta(ge=0)] = 0
    """Most that a call waits to be joined."""
    tenant: str = ""
    """Whose calls are joined; so two tenants with the same version have a host each."""
    deadline_ms: Count = 0
    """A call that lasts longer than this and a grace ends the host; 0: never."""

    def __post_init__(self) -> None:
        """Raise InvalidConfiguration for a socket that cannot be made."""
        if len(self.socket.encode()) > MAX_SOCKET_BYTES:
            raise InvalidConfiguration(
                f"The path of a model's socket is longer than {MAX_SOCKET_BYTES} bytes: "
                "use a state folder with a shorter path."
            )
        if Path(self.scratch) not in Path(self.socket).parents:
            raise InvalidConfiguration("A model's socket lies in its scratch folder.")
