"""All settings, in one frozen object, read by entry points only.

Order, later wins: the default, `minerva.toml` in the workspace, `MINERVA_<NAME>` in the environment.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from minerva.errors import Fault, InvalidConfiguration

FILE = "minerva.toml"
PREFIX = "MINERVA_"
STATE = ".minerva"
"""The state folder in a workspace that names no other."""

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0, le=1e9)]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every setting with its default. An empty text means: derived from the workspace, see properties."""

    host: Annotated[str, Meta(description="Address that the sidecar listens on")] = "127.0.0.1"
    port: Annotated[
        Port, Meta(description="TCP port that the sidecar listens on; 0: on the Unix socket alone")
    ] = 8080
    socket: Annotated[
        str, Meta(description="Unix socket to listen on beside host and port; its owner's alone")
    ] = ""
    socket_group: Annotated[
        str, Meta(description="Group whose members may use the Unix socket, too")
    ] = ""
    auth: Annotated[
        Literal["keys", "none"],
        Meta(description="none lets every caller in; refused beyond loopback and Unix sockets"),
    ] = "keys"
    state_folder: Annotated[
        str, Meta(description="Folder of what Minerva keeps; `.minerva` in the workspace if empty")
    ] = ""
    database_url: Annotated[
        str, Meta(description="Metadata store; SQLite in the state folder if empty")
    ] = ""
    release: Annotated[
        str,
        Meta(description="Name of this installation; a database that is another's is refused"),
    ] = ""
    migrate: Annotated[
        Literal["yes", "no"],
        Meta(description="no leaves an older database to `minerva migrate`, and fails"),
    ] = "yes"
    artefacts_url: Annotated[
        str, Meta(description="Artefact store, any fsspec URL; in the state folder if empty")
    ] = ""
    queue_url: Annotated[
        str, Meta(description="Celery broker; a folder in the state folder if empty")
    ] = ""
    log_folder: Annotated[
        str, Meta(description="Folder shared with the legacy app's log; '-' writes to stdout")
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least level that is logged")
    ] = "info"
    request_id_header: Annotated[
        str, Meta(description="Header that carries the legacy app's own request id")
    ] = "X-Request-ID"
    default_service: Annotated[
        str, Meta(description="Service that `/invocations` asks, where no service is named")
    ] = ""
    web_workers: Annotated[Count, Meta(description="Web worker processes")] = 2
    web_threads: Annotated[Count, Meta(description="Threads per web worker")] = 8
    train_slots: Annotated[
        int, Meta(ge=0, description="Trainings and trials that a worker runs at once")
    ] = 2
    batch_slots: Annotated[
        int,
        Meta(ge=0, description="Batch scorings, profiles and exports that a worker runs at once"),
    ] = 2
    quick_slots: Annotated[
        int, Meta(ge=0, description="Quick jobs, such as callbacks, that a worker runs at once")
    ] = 4
    train_limit: Annotated[
        int,
        Meta(ge=0, description="Most jobs of queue train at once over all workers; 0 sets none"),
    ] = 0
    batch_limit: Annotated[
        int,
        Meta(ge=0, description="Most jobs of queue batch at once over all workers; 0 sets none"),
    ] = 0
    quick_limit: Annotated[
        int,
        Meta(ge=0, description="Most jobs of queue quick at once over all workers; 0 sets none"),
    ] = 0
    tenant_limit: Annotated[
        int, Meta(ge=0, description="Most jobs of one tenant at once over all workers; 0 sets none")
    ] = 0
    job_spares: Annotated[
        int,
        Meta(
            ge=0, description="Jobs' processes that a worker starts before there are jobs for them"
        ),
    ] = 1
    graceful_timeout_s: Annotated[
        Seconds, Meta(description="How long requests in flight may finish after SIGTERM")
    ] = 30
    caller_timeout_s: Annotated[
        Seconds,
        Meta(
            description="How long a request of usual size may take to come, and a large one, or an "
            "answer, may stand still"
        ),
    ] = 30
    max_body_bytes: Annotated[Count, Meta(description="Largest request body")] = 16 * 1024 * 1024
    max_records: Annotated[Count, Meta(description="Most records in one predict call")] = 10_000
    poll_interval_s: Annotated[
        Seconds, Meta(description="How often a web worker looks for registry changes")
    ] = 0.5
    lease_s: Annotated[Seconds, Meta(description="How long a job is held without a heartbeat")] = 15
    sweep_interval_s: Annotated[
        Seconds, Meta(description="How often jobs that no one holds are sent again")
    ] = 5
    max_attempts: Annotated[Count, Meta(description="Attempts before a job is dead")] = 3
    retry_pause_s: Annotated[
        Seconds,
        Meta(description="Pause after a job's first attempt; doubles with each further one"),
    ] = 2
    job_time_limit_s: Annotated[Seconds, Meta(description="Longest run of one attempt")] = 6 * 3600
    job_memory_mb: Annotated[
        int, Meta(ge=0, description="Memory limit of a job's process in MiB; 0 sets none")
    ] = 0
    job_disk_mb: Annotated[
        int,
        Meta(
            ge=0,
            description="Most MiB in a job's own folder and staged elsewhere; 0 sets none",
        ),
    ] = 0
    data_places: Annotated[
        str,
        Meta(description="Folders and URLs that calls may name for data, blanks between"),
    ] = "data"
    max_upload_bytes: Annotated[
        Count, Meta(description="Most bytes of training data that are sent, or fetched from a URL")
    ] = 4 * 1024**3
    upload_quota_bytes: Annotated[
        int, Meta(ge=0, description="Most bytes of a tenant's uploads together; 0 sets none")
    ] = 16 * 1024**3
    upload_keep_s: Annotated[
        Seconds,
        Meta(
            description="How long an upload is kept that nobody goes on with, or whose job failed"
        ),
    ] = 24 * 3600
    host_memory_mb: Annotated[
        int, Meta(ge=0, description="Memory limit of a model's process in MiB; 0 sets none")
    ] = 4096
    host_cpus: Annotated[
        int, Meta(ge=0, description="CPUs that a model's process may use; 0 means all")
    ] = 0
    host_idle_s: Annotated[
        Seconds, Meta(description="A model's process that nobody asks for so long is ended")
    ] = 900
    host_reads: Annotated[
        str,
        Meta(description="Further files and folders that models' processes may read, ':' between"),
    ] = ""
    hosts_memory_mb: Annotated[
        int,
        Meta(ge=0, description="Memory budget of all models' processes in MiB; 0 sets none"),
    ] = 0
    admin_key_file: Annotated[
        str,
        Meta(description="File with the first admin key; `admin.key` in the state folder if empty"),
    ] = ""
    signing_key: Annotated[
        str, Meta(description="File with the Ed25519 key that signs versions; made if empty")
    ] = ""
    trusted_keys: Annotated[
        str, Meta(description="Folder of further public keys whose versions are served")
    ] = ""
    webhook_targets: Annotated[
        str,
        Meta(description="Hosts that messages may go to, blanks between; * is the whole internet"),
    ] = ""
    webhook_key: Annotated[
        str, Meta(description="File with the key that webhooks' secrets follow from; made if empty")
    ] = ""
    database_timeout_s: Annotated[
        Seconds, Meta(description="How long to wait for a locked or slow database")
    ] = 5


SECRET = frozenset({"database_url", "queue_url", "artefacts_url"})
"""Settings that may hold a password; `masked` hides it."""
_SECRET_ARGUMENT = re.compile(r"([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&]*", re.IGNORECASE)


class Loaded(msgspec.Struct, frozen=True):
    """Settings with the origin of each value: `default`, `minerva.toml` or `MINERVA_…`."""

    settings: Settings
    origins: dict[str, str]
    workspace: Path

    @property
    def state(self) -> Path:
        """The folder of what Minerva keeps."""
        return self.workspace / (self.settings.state_folder or STATE)

    @property
    def admin_key(self) -> Path:
        """The file with the first admin key."""
        named = self.settings.admin_key_file
        return self.workspace / named if named else self.state / "admin.key"

    @property
    def tried_plugins(self) -> Path:
        """The folder that knows which plugins survived being imported."""
        return self.state / "run" / "plugins"

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of the metadata store."""
        return self.settings.database_url or f"sqlite:///{self.state / 'minerva.db'}"

    @property
    def artefacts_url(self) -> str:
        """Fsspec URL of the artefact store."""
        return self.settings.artefacts_url or str(self.state / "artefacts")

    @property
    def host_reads(self) -> tuple[str, ...]:
        """Files and folders that models' processes may read; relative ones are below the workspace."""
        named = filter(None, self.settings.host_reads.split(":"))
        return tuple(str(self.workspace / path) for path in named)

    @property
    def slots(self) -> dict[str, int]:
        """How many jobs of each queue a worker runs at once."""
        settings = self.settings
        return {
            "train": settings.train_slots,
            "batch": settings.batch_slots,
            "quick": settings.quick_slots,
        }

    @property
    def data_places(self) -> tuple[str, ...]:
        """Folders and URLs that calls may name for data; relative ones are below the workspace."""
        return tuple(self.settings.data_places.split())

    @property
    def webhook_key(self) -> Path:
        """The file from which the secrets of webhooks follow."""
        named = self.settings.webhook_key
        return self.workspace / named if named else self.state / "webhook.key"

    @property
    def queue_url(self) -> str:
        """Celery broker URL; `filesystem://<folder>` is the embedded queue."""
        return self.settings.queue_url or f"filesystem://{self.state / 'queue'}"

    @property
    def log_folder(self) -> Path | None:
        """Where log files go; None: stdout."""
        folder = self.settings.log_folder
        return None if folder == "-" else Path(folder or self.state / "logs")

    @property
    def local_only(self) -> bool:
        """Whether only this machine can reach the sidecar: loopback, or a Unix socket alone."""
        settings = self.settings
        return not settings.port or settings.host in {"127.0.0.1", "::1", "localhost"}

    @property
    def socket(self) -> Path | None:
        """The Unix socket to listen on; a relative one is below the workspace."""
        named = self.settings.socket
        return self.workspace / named if named else None

    def masked(self, name: str) -> Any:
        """Return a setting's value as it may be shown: a password in a URL becomes `***`."""
        value = getattr(self.settings, name)
        return mask_password(value) if name in SECRET else value


def load(workspace: Path, environment: Mapping[str, str]) -> Loaded:
    """Read `minerva.toml` and the environment. Raises InvalidConfiguration, a fault per mistake."""
    from_file = _from_file(workspace / FILE)
    from_environment = _from_environment(environment)
    merged = {**from_file, **from_environment}
    faults: list[Fault] = []
    values: dict[str, Any] = {}
    for name, value in merged.items():
        origin = PREFIX + name.upper() if name in from_environment else FILE
        try:
            values[name] = _convert(name, value, lax=name in from_environment)
        except (msgspec.ValidationError, KeyError) as error:
            faults.append(Fault(origin, _why(name, error)))
    if faults:
        raise InvalidConfiguration("The settings cannot be used.", faults=faults)
    loaded = Loaded(Settings(**values), _origins(from_file, from_environment), workspace.resolve())
    if loaded.settings.auth == "none" and not loaded.local_only:
        raise InvalidConfiguration(
            f"auth is none, but host {loaded.settings.host} is reachable from other machines: "
            "set MINERVA_AUTH=keys, or listen on 127.0.0.1 or, with MINERVA_PORT=0, a Unix socket alone."
        )
    if not loaded.settings.port and not loaded.settings.socket:
        raise InvalidConfiguration("port is 0 and there is no socket: nobody could call. Set one.")
    _check_state(loaded)
    return loaded


def _check_state(loaded: Loaded) -> None:
    """Refuse state among what is a user's: models may read that, and versions carry copies of it."""
    state, own = loaded.state.resolve(), (loaded.workspace / STATE).resolve()
    workspace = loaded.workspace
    inside = state.is_relative_to(workspace) and not state.is_relative_to(own)
    if inside or workspace.is_relative_to(state):
        raise InvalidConfiguration(
            f"state_folder {state} and the workspace {workspace} lie in each other: name a folder "
            f"beside the workspace, or one below its {STATE}."
        )


_PASSWORD = re.compile(r"(://[^/?#@:]*:).*(?=@)")


def mask_password(url: str) -> str:
    """Hide the password of a URL, in its credentials or its query; the last `@` ends the credentials."""
    return _SECRET_ARGUMENT.sub(r"\1***", _PASSWORD.sub(r"\1***", url))


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise InvalidConfiguration(f"{path} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidConfiguration(f"{path} is not valid TOML: {error}.") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Pick our own names; other `MINERVA_…` variables may belong to a plugin or a deployment."""
    names = {PREFIX + name.upper(): name for name in Settings.__struct_fields__}
    return {names[key]: value for key, value in environment.items() if key in names}


def _convert(name: str, value: Any, *, lax: bool) -> Any:
    types = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    return msgspec.convert(value, types[name], strict=not lax)


def _why(name: str, error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"there is no setting {name!r}; `minerva settings` lists them"
    return f"{name}: {error}"


def _origins(from_file: Mapping[str, Any], from_environment: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: (
            PREFIX + name.upper()
            if name in from_environment
            else FILE
            if name in from_file
            else "default"
        )
        for name in Settings.__struct_fields__
    }
