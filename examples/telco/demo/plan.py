"""Where everything is and how the two parts are told about each other."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from filecmp import cmp
from pathlib import Path

from demo.trouble import MisuseError

SERVICE = "churn"
HOST = "127.0.0.1"
SOURCES = ("minerva.toml", "services/churn.yaml", "plugins/yes_and_no.py")


@dataclass(frozen=True)
class Plan:
    """One run of the demo."""

    repository: Path
    state: Path
    sidecar_port: int
    legacy_port: int
    once: bool
    environment: Mapping[str, str]

    @classmethod
    def make(
        cls, repository: Path, state: Path, environment: Mapping[str, str], *, once: bool
    ) -> Plan:
        """Read `MINERVA_PORT`, `LEGACY_PORT` and `ONCE`. Raises MisuseError."""
        return cls(
            repository=repository,
            state=state.resolve(),
            sidecar_port=_port(environment, "MINERVA_PORT", 8080),
            legacy_port=_port(environment, "LEGACY_PORT", 8000),
            once=once or environment.get("ONCE", "") not in {"", "0"},
            environment=environment,
        )

    @property
    def workspace(self) -> Path:
        """The workspace that `minerva up` runs in, a copy of `examples/telco`."""
        return self.state / "workspace"

    @property
    def key_file(self) -> Path:
        """Where `minerva up` leaves the first admin key."""
        return self.workspace / ".minerva" / "admin.key"

    @property
    def legacy_database(self) -> Path:
        """The legacy product's own database."""
        return self.state / "legacy.db"

    @property
    def program(self) -> Path:
        """The command `minerva` of the environment that runs this."""
        return Path(sys.executable).parent / "minerva"

    @property
    def sidecar_url(self) -> str:
        """Where the sidecar answers."""
        return f"http://{HOST}:{self.sidecar_port}"

    @property
    def legacy_url(self) -> str:
        """Where the legacy product's pages are."""
        return f"http://{HOST}:{self.legacy_port}"

    def copy_workspace(self) -> None:
        """Bring the copy up to date; the sidecar's own state in it stays."""
        example = self.repository / "examples" / "telco"
        for name in SOURCES:
            source, target = example / name, self.workspace / name
            if not target.exists() or not cmp(source, target, shallow=False):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)

    def parts_environment(self) -> dict[str, str]:
        """Return the environment of both parts: the caller's, with what makes them find each other."""
        return {
            **self.environment,
            "PATH": f"{Path(sys.executable).parent}:{self.environment.get('PATH', '')}",
            "MINERVA_WORKSPACE": str(self.workspace),
            "MINERVA_HOST": HOST,
            "MINERVA_PORT": str(self.sidecar_port),
            "LEGACY_HOST": HOST,
            "LEGACY_PORT": str(self.legacy_port),
            "LEGACY_DB_URL": f"sqlite:///{self.legacy_database}",
            "LEGACY_SIDECAR_URL": self.sidecar_url,
            "LEGACY_SIDECAR_KEY_FILE": str(self.key_file),
            "LEGACY_LOG_FOLDER": str(self.workspace / ".minerva" / "logs"),
            "LEGACY_SERVICE": SERVICE,
            "LEGACY_POLL_MS": "250",
        }


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:6]) <= 65_535:  # noqa: PLR2004 - TCP's own range
        raise MisuseError(f"{name} must be a port number from 1 to 65535, not {text!r}.")
    return int(text)
