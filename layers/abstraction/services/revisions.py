"""The revisions of a service's configuration: who changed what, when and why, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minerva.errors import NotFound
from minerva.layers.abstraction.registry.manifest import digest
from minerva.layers.abstraction.registry.records import Configuration
from minerva.layers.abstraction.registry.registry import Registry
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.differences import Difference, differences
from minerva.layers.abstraction.services.parsing import Check, parse
from minerva.settings import mask_password

LEARNT_FROM = ("algorithm", "parameters", "schema", "data", "requirements")
"""Members that a version is made from, beside how `training` puts rows aside."""
POLICIES = frozenset(
    {
        "gate",
        "promote",
        "schedule",
        "timezone",
        "missed",
        "watermark",
        "engine",
        "retrain",
        "below_baseline",
    }
)
"""Members of `training` that say when, where and whether, not what from."""

Train = Callable[[Configuration, str], str]
"""Has a worker make a version of a revision, for an author, and returns the job's id; there is one job,
however often it is called."""


@dataclass(frozen=True)
class Revised:
    """One revision and what it changed."""

    configuration: Configuration
    changes: Sequence[Difference]
    """Beside the revision before it; none of the first one."""

    def to_json(self) -> dict[str, Any]:
        """Return what a caller may see: passwords in URLs are masked."""
        one = self.configuration
        return {
            "service": one.service,
            "revision": one.revision,
            "author": one.author,
            "reason": one.reason,
            "created_at": one.created_at.isoformat(),
            "derived": one.derived,
            "changes": [
                {"member": name, "before": masked(before), "after": masked(after)}
                for name, before, after in self.changes
            ],
        }


@dataclass(frozen=True)
class Restored:
    """What going back led to."""

    configuration: Configuration
    job_id: str | None
    """The training of the restored revision; None if nobody asked for one and none is needed."""


@dataclass(frozen=True)
class Revisions:
    """Revisions as callers meet them."""

    registry: Registry
    check: Check
    needs_data: Callable[[ServiceDeclaration], bool]
    train: Train

    def list(self, tenant: str, service: str) -> Sequence[Revised]:
        """Return all revisions, newest first. Raises NotFound for an unknown service."""
        self.registry.configuration(tenant, service)
        found = self.registry.configurations.list(tenant, service)
        before: list[Configuration | None] = [*found[1:], None]
        return [Revised(new, _changes(old, new)) for new, old in zip(found, before, strict=True)]

    def get(self, tenant: str, service: str, number: int) -> Revised:
        """Return one revision. Raises NotFound."""
        self.registry.configuration(tenant, service)
        configurations = self.registry.configurations
        found = configurations.get(tenant, service, number)
        if found is None:
            raise NotFound(f"Service {service!r} has no revision {number}.")
        return Revised(found, _changes(configurations.get(tenant, service, number - 1), found))

    def restore(
        self,
        tenant: str,
        service: str,
        number: int,
        *,
        author: str,
        reason: str = "",
        train: bool = False,
    ) -> Restored:
        """Make an earlier revision's declaration the newest one, until the service's file changes.

        The one that is newest already is not made anew. Policies apply at once. A version is made if
        `train` says so, or if none needs data and so none has to be waited for. Raises NotFound;
        InvalidConfiguration if it cannot be used any more; Conflict if somebody changed the service
        at this very moment.
        """
        wanted = self.get(tenant, service, number).configuration
        declaration = parse(wanted.declaration)
        self.check(declaration)
        newest = self.registry.configuration(tenant, service)
        if newest.digest != wanted.digest:
            why = reason or f"back to revision {number}"
            newest = self.registry.derive(newest, declaration, author, why)
        needed = declaration.versions_of is None and (train or not self.needs_data(declaration))
        return Restored(newest, self.train(newest, author) if needed else None)


def learnt_from(declaration: Mapping[str, Any]) -> str:
    """Return a digest of what the versions of a plain declaration depend on: all else is policy."""
    training = declaration.get("training") or {}
    return digest(
        {
            **{name: declaration.get(name) or None for name in LEARNT_FROM},
            "training": {name: one for name, one in training.items() if name not in POLICIES},
        }
    )


def masked(value: Any) -> Any:
    """Return a plain value with the passwords of its URLs masked."""
    if isinstance(value, Mapping):
        return {name: masked(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked(one) for one in value]
    return mask_password(value) if isinstance(value, str) and "://" in value else value


def _changes(before: Configuration | None, after: Configuration) -> Sequence[Difference]:
    return [] if before is None else differences(before.declaration, after.declaration)
