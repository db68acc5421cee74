"""The one place through which tenants' rows are read and written.

A session belongs to one tenant, or to `EVERY` tenant (workers, the serving snapshot, key lookup).
In a tenant's session each query is narrowed to its rows; whatever cannot be narrowed is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Engine, Select, event
from sqlalchemy.orm import ORMExecuteState, Session, sessionmaker, with_loader_criteria
from sqlalchemy.orm.attributes import get_history
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import TextClause

from minerva.adapters.metadata.columns import TenantOwned
from minerva.adapters.metadata.engine import WRITE, name_of
from minerva.adapters.metadata.failures import translated
from minerva.adapters.metadata.tables import OWNED_TABLES
from minerva.errors import NotPermitted

SCOPE = "tenant"
EVERY = object()


class Database:
    """Opens transactions that see one tenant, or every tenant."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = name_of(engine)
        self._reading = _sessions(engine)
        self._writing = _sessions(engine.execution_options(**{WRITE: True}))
        self._glancing = _sessions(_without_transactions(engine))

    @contextmanager
    def tenant(self, tenant: str, *, write: bool = False) -> Iterator[Session]:
        """Open a transaction in which there is only this tenant."""
        with self._transaction(tenant, write=write) as session:
            yield session

    @contextmanager
    def every_tenant(self, *, write: bool = False) -> Iterator[Session]:
        """Open a transaction across tenants: for what no caller's tenant bounds."""
        with self._transaction(EVERY, write=write) as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[Session]:
        """Open a session across tenants for one statement that reads: for what is asked all the time.

        A transaction around it would be two more trips to PostgreSQL.
        """
        with translated(self.name), self._glancing(info={SCOPE: EVERY}) as session:
            yield session

    @contextmanager
    def _transaction(self, scope: object, *, write: bool) -> Iterator[Session]:
        sessions = self._writing if write else self._reading
        with translated(self.name), sessions(info={SCOPE: scope}) as session:
            yield session
            if write:
                session.commit()


def _without_transactions(engine: Engine) -> Engine:
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _sessions(engine: Engine) -> sessionmaker[Session]:
    sessions = sessionmaker(engine, expire_on_commit=False)
    event.listen(sessions, "do_orm_execute", _narrow)
    event.listen(sessions, "before_flush", _check_writes)
    return sessions


def _narrow(asked: ORMExecuteState) -> None:
    """Add the tenant to every table of the query, in whatever subquery or alias it stands."""
    scope = asked.session.info.get(SCOPE)
    if scope is EVERY or not _touches_tenants(asked):
        return
    if not isinstance(scope, str):
        raise NotPermitted("Rows of tenants are read with a tenant: use Database.tenant.")
    if not (asked.is_select and asked.is_orm_statement) or _bypasses_models(asked.statement):
        raise NotPermitted(
            "A tenant's rows are selected through the models and written as objects, so that the "
            "tenant can be held to its own."
        )
    asked.statement = asked.statement.options(
        with_loader_criteria(TenantOwned, lambda row: row.tenant == scope, include_aliases=True)
    )


def _touches_tenants(asked: ORMExecuteState) -> bool:
    """Tell whether tenants' rows may be meant; text is not looked into, so it may."""
    if not asked.is_orm_statement:
        return True
    return any(_is_owned(part) or isinstance(part, TextClause) for part in _parts(asked.statement))


def _bypasses_models(statement: Any) -> bool:
    """Tell whether a bare table hides in a query through the models: it would not be narrowed."""
    return any(
        _is_bare_select(part) or _is_bare_column(part) or isinstance(part, TextClause)
        for part in _parts(statement)
    )


def _parts(statement: Any) -> Iterator[Any]:
    return visitors.iterate(statement)


def _is_owned(part: Any) -> bool:
    return getattr(part, "name", None) in OWNED_TABLES


def _is_bare_select(part: Any) -> bool:
    return isinstance(part, Select) and not part._propagate_attrs  # noqa: SLF001 - nothing public tells


def _is_bare_column(part: Any) -> bool:
    return isinstance(part, Column) and _is_owned(part.table) and not part._annotations  # noqa: SLF001 - nothing public tells


def _check_writes(session: Session, _context: object, _instances: object) -> None:
    """Refuse a row of another tenant, and a row that changes its tenant."""
    scope = session.info.get(SCOPE)
    for row in (*session.new, *session.dirty, *session.deleted):
        if not isinstance(row, TenantOwned):
            continue
        moved = get_history(row, "tenant").deleted
        if (scope is not EVERY and row.tenant != scope) or moved:
            raise NotPermitted("A row of another tenant cannot be written.")
