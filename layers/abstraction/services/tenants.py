"""`tenants:`: whose service it is besides, each with what differs for them.

What a tenant says is merged into the file as an extending file would be. Where nothing differs that
versions are made from, the tenant's service follows the file's; else it has versions of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from minerva.errors import Fault, InvalidConfiguration
from minerva.layers.abstraction.registry.records import DEFAULT_TENANT
from minerva.layers.abstraction.services.declaration import ServiceDeclaration
from minerva.layers.abstraction.services.extending import merged
from minerva.layers.abstraction.services.lending import untrained
from minerva.layers.abstraction.services.parsing import Check, parse
from minerva.layers.abstraction.services.revisions import learnt_from

TENANTS = "tenants"
NOT_THEIRS = ("service", "extends", TENANTS)
"""What one tenant cannot have otherwise."""
Of = tuple[str, ServiceDeclaration]
"""A tenant and what is declared for it."""


def declared_for(base: ServiceDeclaration, value: Mapping[str, Any], check: Check) -> Iterator[Of]:
    """Yield each tenant's declaration; `value` is the whole file, of which `base` was read.

    Raises InvalidConfiguration; faults have JSON pointers below `/tenants`.
    """
    tenants = value.get(TENANTS)
    if tenants is None:
        return
    if not isinstance(tenants, Mapping):
        raise _refused([Fault(f"/{TENANTS}", "expected a mapping from tenant to what differs")])
    own = {name: one for name, one in value.items() if name != TENANTS}
    for tenant, differs in tenants.items():
        where = f"/{TENANTS}/{tenant}"
        _refuse_unfit(tenant, differs, where)
        try:
            declaration = parse(merged(own, differs or {}))
            check(declaration)
        except InvalidConfiguration as error:
            faults = [Fault(where + fault.where, fault.message) for fault in error.faults]
            raise InvalidConfiguration(error.message, faults=faults) from error
        yield tenant, _following(base, declaration)


def _refuse_unfit(tenant: Any, differs: Any, where: str) -> None:
    if not isinstance(tenant, str) or not tenant or tenant == DEFAULT_TENANT:
        raise _refused([Fault(where, f"expected the name of a tenant other than {DEFAULT_TENANT}")])
    if differs is not None and not isinstance(differs, Mapping):
        raise _refused([Fault(where, "expected a mapping of what differs, or nothing")])
    faults = [
        Fault(f"{where}/{name}", "is the same for all tenants")
        for name in NOT_THEIRS
        if name in (differs or {})
    ]
    if faults:
        raise _refused(faults)


def _following(base: ServiceDeclaration, theirs: ServiceDeclaration) -> ServiceDeclaration:
    """Return the declaration, following the file's service where nothing else is to be learnt."""
    if theirs.versions_of is None and learnt_from(theirs.to_json()) == learnt_from(base.to_json()):
        return untrained(replace(theirs, versions_of=base.service))
    return theirs


def _refused(faults: list[Fault]) -> InvalidConfiguration:
    return InvalidConfiguration("What differs for a tenant cannot be used.", faults=faults)
