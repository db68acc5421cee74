"""Who calls: the tenant whose data it is, and the scopes that were granted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from minerva.errors import NotPermitted
from minerva.layers.abstraction.registry.records import DEFAULT_TENANT

Scope = Literal["predict", "feedback", "train", "registry", "admin", "metrics"]
SCOPES: frozenset[str] = frozenset(get_args(Scope))


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller. `admin` implies every other scope."""

    tenant: str
    key_id: str
    scopes: frozenset[str]
    name: str = ""
    """What whoever made the key called it."""

    @property
    def author(self) -> str:
        """Who is named beside what this caller decides: people know keys by their names."""
        return f"{self.name} ({self.key_id})" if self.name else self.key_id

    def require(self, *scopes: str) -> None:
        """Raise NotPermitted unless one of `scopes` was granted."""
        if "admin" not in self.scopes and self.scopes.isdisjoint(scopes):
            needed = " or ".join(scopes)
            raise NotPermitted(f"This key lacks the scope {needed}: ask for a key that has it.")


def local_principal() -> Principal:
    """Return who calls when `auth` is none: anyone on this machine, with every scope."""
    return Principal(DEFAULT_TENANT, "local", SCOPES)
