"""A version's card, from its signed manifest and from what the registry remembers of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minerva.errors import NotFound
from minerva.layers.abstraction.cards.limits import limits
from minerva.layers.abstraction.registry.records import (
    ALIASES,
    APPRAISAL,
    AliasChange,
    Configuration,
    Quarantine,
    Version,
)
from minerva.layers.abstraction.registry.registry import Registry

Facts = dict[str, Any]
ENVIRONMENT = ("libraries", "runtime", "plugin", "requirements", "engine")


@dataclass(frozen=True)
class Standing:
    """What the registry remembers of one version."""

    version: Version
    configuration: Configuration | None
    movements: Sequence[AliasChange]
    """Those that brought an alias to it or took one from it, oldest first."""
    quarantine: Quarantine | None


def standing_of(registry: Registry, tenant: str, service: str, number: int | None) -> Standing:
    """Look a version up; without a number the champion, else the newest. Raises NotFound."""
    versions = registry.versions(tenant, service)
    chosen = number or registry.aliases(tenant, service).get("champion")
    if chosen is None:
        if not versions:
            raise NotFound(f"Service {service!r} has no version yet.")
        chosen = versions[0].number
    version = registry.version(tenant, service, chosen)
    histories = (registry.alias_store.history(tenant, service, alias) for alias in ALIASES)
    of_it = [
        change
        for history in histories
        for change in history
        if version.number in {change.number, change.previous}
    ]
    return Standing(
        version,
        registry.configurations.get(tenant, service, version.configuration_revision),
        sorted(of_it, key=lambda change: change.created_at),
        registry.quarantined(tenant, service).get(version.number),
    )


def card_of(standing: Standing) -> Facts:
    """Return a card as plain JSON; parts that nobody knows are None."""
    version, manifest = standing.version, standing.version.manifest
    appraisal = manifest.get(APPRAISAL) or {}
    return {
        "service": version.service,
        "version": str(version.number),
        "made_at": version.created_at.isoformat(),
        "digest": version.digest,
        "purpose": _purpose(standing.configuration),
        "algorithm": manifest["algorithm"],
        "parameters": manifest["parameters"],
        "inputs": list(manifest["schema"].get("inputs", ())),
        "outputs": list(manifest["schema"].get("output", ())),
        "data": manifest.get("data"),
        "metrics": _metrics(manifest.get("metrics", {}), appraisal.get("intervals", {})),
        "baseline": manifest.get("baseline"),
        "appraisal": appraisal or None,
        "limits": limits(manifest),
        "configuration": _configuration(standing.configuration),
        "environment": {name: manifest[name] for name in ENVIRONMENT if manifest.get(name)},
        "job_id": version.job_id,
        "serves": _serves(standing),
        "decisions": [_decision(change, version.number) for change in standing.movements],
        "quarantined": None if standing.quarantine is None else standing.quarantine.reason,
    }


def _purpose(configuration: Configuration | None) -> str | None:
    said = None if configuration is None else configuration.declaration.get("description")
    return said or None


def _metrics(metrics: Mapping[str, float], intervals: Mapping[str, Sequence[float]]) -> list[Facts]:
    return [
        {"name": name, "value": value, "interval": list(intervals.get(name, ())) or None}
        for name, value in metrics.items()
    ]


def _configuration(configuration: Configuration | None) -> Facts | None:
    if configuration is None:
        return None
    return {
        "revision": configuration.revision,
        "author": configuration.author,
        "created_at": configuration.created_at.isoformat(),
    }


def _serves(standing: Standing) -> list[str]:
    """Return the aliases that name it now."""
    newest = {change.alias: change for change in standing.movements}
    number = standing.version.number
    return sorted(alias for alias, change in newest.items() if change.number == number)


def _decision(change: AliasChange, number: int) -> Facts:
    return {
        "alias": change.alias,
        "became": change.number == number,
        "other": change.previous if change.number == number else change.number,
        "author": change.author,
        "reason": change.reason,
        "at": change.created_at.isoformat(),
    }
