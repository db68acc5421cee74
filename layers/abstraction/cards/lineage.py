"""Where a service's versions came from and where they went, as a graph.

source → data (by fingerprint) → version ← configuration, job; version → alias, with each movement;
version → its recorded predictions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from minerva.errors import NotFound
from minerva.layers.abstraction.monitoring.store import Answered
from minerva.layers.abstraction.registry.records import ALIASES, AliasChange, Version
from minerva.layers.abstraction.registry.registry import Registry

Facts = dict[str, Any]
UNKNOWN = "unknown source"
NAMED_BY = ("path", "url", "upload", "source")
"""What names a source to a person, the first that there is."""


@dataclass
class Graph:
    """Nodes by id, and edges between them; what is added twice stands once."""

    nodes: dict[str, Facts] = field(default_factory=dict)
    edges: dict[tuple[str, str, str], Facts] = field(default_factory=dict)

    def node(self, kind: str, name: str, **facts: Any) -> str:
        """Add a node; return its id."""
        key = f"{kind}:{name}"
        self.nodes.setdefault(key, {"id": key, "kind": kind, "name": name, **facts})
        return key

    def edge(self, begin: str, end: str, label: str, **facts: Any) -> None:
        """Lead from one node to another."""
        when = str(facts.get("at", ""))
        self.edges.setdefault(
            (begin, end, label + when), {"from": begin, "to": end, "as": label, **facts}
        )

    def to_json(self) -> Facts:
        """Return `{"nodes": […], "edges": […]}`."""
        return {"nodes": list(self.nodes.values()), "edges": list(self.edges.values())}


def lineage(
    registry: Registry,
    tenant: str,
    service: str,
    number: int | None = None,
    answered: Sequence[Answered] = (),
) -> Facts:
    """Return the graph of a service, or of one of its versions. Raises NotFound.

    `answered` are its recorded predictions, newest first.
    """
    versions = [
        version
        for version in reversed(registry.versions(tenant, service))
        if number is None or version.number == number
    ]
    if number is not None and not versions:
        raise NotFound(f"Service {service!r} has no version {number}.")
    graph = Graph()
    for version in versions:
        _origin(graph, registry, version)
    numbers = {version.number for version in versions}
    for alias in ALIASES:
        _movements(graph, registry.alias_store.history(tenant, service, alias), numbers)
    for version in versions:
        _predictions(graph, version.number, answered)
    return graph.to_json()


def _origin(graph: Graph, registry: Registry, version: Version) -> None:
    made = graph.node(
        "version",
        str(version.number),
        digest=version.digest,
        at=version.created_at.isoformat(),
        metrics=version.metrics,
        pruned=version.pruned_at is not None,
    )
    data = version.manifest.get("data") or {}
    if data.get("rows"):
        origin = data.get("origin") or {}
        rows = graph.node("data", data["fingerprint"][:12], rows=data["rows"])
        graph.edge(graph.node("source", _named(origin), **_facts(origin)), rows, "read")
        graph.edge(rows, made, "learnt from")
    revision = version.configuration_revision
    declared = registry.configurations.get(version.tenant, version.service, revision)
    author = None if declared is None else declared.author
    graph.edge(graph.node("configuration", str(revision), author=author), made, "declared")
    if version.job_id is not None:
        graph.edge(graph.node("job", version.job_id), made, "made")


def _predictions(graph: Graph, number: int, answered: Sequence[Answered]) -> None:
    """Add what a version has answered; a shadow's answers reached nobody."""
    own = [one for one in answered if one.version == number and not one.shadow]
    if own:
        since, until = own[-1].at.isoformat(), own[0].at.isoformat()
        node = graph.node("predictions", f"of {number}", count=len(own), since=since, until=until)
        graph.edge(f"version:{number}", node, "answered", at=until)


def _named(origin: Facts) -> str:
    return next((str(origin[name]) for name in NAMED_BY if origin.get(name)), UNKNOWN)


def _facts(origin: Facts) -> Facts:
    return {name: value for name, value in origin.items() if name not in {"id", "kind", "name"}}


def _movements(graph: Graph, history: Sequence[AliasChange], numbers: set[int]) -> None:
    for change in reversed(history):
        if change.number not in numbers:
            continue
        graph.edge(
            f"version:{change.number}",
            graph.node("alias", change.alias),
            "became",
            at=change.created_at.isoformat(),
            author=change.author,
            reason=change.reason,
            replaced=change.previous,
        )
