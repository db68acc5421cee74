"""What can be set from outside: one frozen object, read once from `LEGACY_*` by the entry point."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from legacy_stub.errors import SettingError
from legacy_stub.quirks import Quirk


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults; credentials stay out of its `repr`."""

    host: str = "127.0.0.1"
    port: int = 8000
    db_url: str = field(default="sqlite:///legacy.db", repr=False)
    sidecar_url: str = "http://127.0.0.1:8080"
    sidecar_key: str | None = field(default=None, repr=False)
    sidecar_key_file: Path | None = None
    log_folder: Path | None = None
    deadline_ms: int = 300
    service: str = "churn"
    quirks: frozenset[Quirk] = frozenset()
    poll_seconds: float = 1.0
    prepare_seconds: float = 30.0

    @property
    def deadline_seconds(self) -> float:
        """How long a page waits for its prediction."""
        return self.deadline_ms / 1000

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read every `LEGACY_*` variable; an empty one counts as unset.

        Raises SettingError naming the variable that cannot be used.
        """
        env = {name: value.strip() for name, value in environment.items() if value.strip()}
        key_file = env.get("LEGACY_SIDECAR_KEY_FILE")
        log_folder = env.get("LEGACY_LOG_FOLDER")
        return cls(
            host=env.get("LEGACY_HOST", "127.0.0.1"),
            port=_whole(env, "LEGACY_PORT", 8000, 0, 65535),
            db_url=env.get("LEGACY_DB_URL", "sqlite:///legacy.db"),
            sidecar_url=_http_url(env, "LEGACY_SIDECAR_URL", "http://127.0.0.1:8080"),
            sidecar_key=env.get("LEGACY_SIDECAR_KEY"),
            sidecar_key_file=Path(key_file) if key_file else None,
            log_folder=Path(log_folder) if log_folder else None,
            deadline_ms=_whole(env, "LEGACY_DEADLINE_MS", 300, 1, 600_000),
            service=env.get("LEGACY_SERVICE", "churn"),
            quirks=_quirks(env, "LEGACY_QUIRKS"),
            poll_seconds=_whole(env, "LEGACY_POLL_MS", 1_000, 10, 3_600_000) / 1000,
            prepare_seconds=_whole(env, "LEGACY_PREPARE_MS", 30_000, 10, 86_400_000) / 1000,
        )


def _whole(env: Mapping[str, str], name: str, default: int, lowest: int, highest: int) -> int:
    text = env.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or not lowest <= int(text[:12]) <= highest:
        raise SettingError(
            f"{name} must be a whole number from {lowest} to {highest}, not {text!r}."
        )
    return int(text)


def _http_url(env: Mapping[str, str], name: str, default: str) -> str:
    url = env.get(name, default).rstrip("/")
    if not _is_http(url):
        raise SettingError(f"{name} must look like http://host:port, not {url!r}.")
    return url


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _quirks(env: Mapping[str, str], name: str) -> frozenset[Quirk]:
    wanted = {part.strip() for part in env.get(name, "").split(",") if part.strip()}
    unknown = wanted - {quirk.value for quirk in Quirk}
    if unknown:
        known = ", ".join(quirk.value for quirk in Quirk)
        raise SettingError(f"{name} knows {known}, not {', '.join(sorted(unknown))}.")
    return frozenset(Quirk(value) for value in wanted)
