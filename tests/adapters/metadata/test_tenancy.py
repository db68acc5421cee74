"""No query and no write of one tenant reaches the rows of another."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import (
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import aliased

from minerva.adapters.metadata.columns import Base, TenantOwned
from minerva.adapters.metadata.tables import KeyRow, RegistryRow, VersionRow
from minerva.errors import Conflict, NotPermitted

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ANOTHER = aliased(KeyRow)
BARE = KeyRow.__table__

NARROWED = {
    "columns": select(KeyRow.tenant),
    "an alias": select(ANOTHER.tenant),
    "a subquery": select(select(KeyRow).subquery().c.tenant),
    "an entity of a subquery": select(aliased(KeyRow, select(KeyRow).subquery()).tenant),
    "a common table expression": select(select(KeyRow).cte().c.tenant),
    "a scalar subquery": select(select(func.max(KeyRow.tenant)).scalar_subquery()),
    "a union": union_all(select(KeyRow.tenant), select(ANOTHER.tenant)),
    "a join": select(ANOTHER.tenant).select_from(KeyRow).join(ANOTHER, true()),
    "an outer join": select(ANOTHER.tenant).select_from(KeyRow).outerjoin(ANOTHER, true()),
    "an implicit join": select(KeyRow.tenant).where(ANOTHER.id != KeyRow.name),
    "a condition that asks for the other": select(KeyRow.tenant).where(
        (KeyRow.tenant == "other") | true()
    ),
}

REFUSED = {
    "text": text("SELECT tenant FROM api_keys"),
    "text as entities": select(KeyRow).from_statement(text("SELECT * FROM api_keys")),
    "text as a condition": select(KeyRow.id).where(text("1 = 1 OR tenant = 'other'")),
    "a bare table": select(BARE),
    "a bare column": select(BARE.c.tenant),
    "a bare alias": select(BARE.alias().c.tenant),
    "a bare table in a subquery": select(VersionRow.tenant).where(
        VersionRow.number.in_(select(func.count(BARE.c.id)))
    ),
    "a bare count in a column": select(
        KeyRow.id, select(func.count()).select_from(BARE).scalar_subquery()
    ),
    "a bare column in a condition": select(KeyRow.id).where(BARE.c.tenant == "other"),
    "a bulk update": update(KeyRow).values(name="mine"),
    "a bulk update that takes rows over": update(KeyRow).values(tenant="acme"),
    "a bulk delete": delete(KeyRow),
    "a bulk insert": insert(KeyRow).values(id="k9", tenant="other"),
    "a bare update": update(BARE).values(name="mine"),
    "a bare delete": delete(BARE),
}


def a_row(key_id, tenant):
    return KeyRow(
        id=key_id,
        tenant=tenant,
        name=tenant,
        secret_hash="",
        scopes=[],
        created_at=NOW,
        revoked_at=None,
    )


@pytest.fixture
def database(stores):
    """Holds one key of each of two tenants."""
    for tenant in ("acme", "other"):
        with stores.database.tenant(tenant, write=True) as session:
            session.add(a_row(f"key of {tenant}", tenant))
    return stores.database


def only_row(database, tenant):
    with database.tenant(tenant) as session:
        return session.scalars(select(KeyRow)).one()


def names(database):
    with database.every_tenant() as session:
        return {row.tenant: row.name for row in session.scalars(select(KeyRow))}


@pytest.mark.parametrize("query", NARROWED.values(), ids=NARROWED)
def test_a_query_sees_its_own_tenant_only(database, query):
    with database.tenant("acme") as session:
        assert set(session.scalars(query)) == {"acme"}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_narrowed_is_refused(database, statement):
    with pytest.raises(NotPermitted), database.tenant("acme", write=True) as session:
        session.execute(statement)

    assert names(database) == {"acme": "acme", "other": "other"}


def test_another_tenants_row_does_not_exist(database):
    with database.tenant("acme") as session:
        asked = exists(select(KeyRow.id).where(KeyRow.tenant == "other"))
        found = session.scalar(select(literal(1)).select_from(KeyRow).where(asked))

        assert found is None


def test_to_get_by_key_is_refused_because_it_asks_without_the_tenant(database):
    with database.tenant("acme") as session, pytest.raises(NotPermitted, match="selected"):
        session.get(KeyRow, "key of other")


def test_a_row_of_another_tenant_cannot_be_added(database):
    with pytest.raises(NotPermitted), database.tenant("acme", write=True) as session:
        session.add(a_row("stolen", "other"))

    assert names(database) == {"acme": "acme", "other": "other"}


def test_a_row_of_another_tenant_cannot_be_changed(database):
    foreign = only_row(database, "other")
    foreign.name = "mine"

    with pytest.raises(NotPermitted), database.tenant("acme", write=True) as session:
        session.add(foreign)

    assert names(database) == {"acme": "acme", "other": "other"}


def test_a_row_of_another_tenant_cannot_be_deleted(database):
    foreign = only_row(database, "other")

    with pytest.raises(NotPermitted), database.tenant("acme", write=True) as session:
        session.delete(foreign)

    assert names(database) == {"acme": "acme", "other": "other"}


@pytest.mark.parametrize("scope", ["acme", "other"])
def test_a_row_cannot_change_its_tenant(database, scope):
    row = only_row(database, "other")
    row.tenant = "acme"

    with pytest.raises(NotPermitted), database.tenant(scope, write=True) as session:
        session.add(row)

    assert names(database) == {"acme": "acme", "other": "other"}


def test_a_session_without_a_tenant_is_refused(database):
    with database._reading() as session, pytest.raises(NotPermitted, match=r"Database\.tenant"):
        session.scalars(select(KeyRow))


def test_a_session_without_a_tenant_writes_nothing(database):
    with database._writing() as session:
        session.add(a_row("k", "acme"))

        with pytest.raises(NotPermitted):
            session.flush()


def test_what_belongs_to_no_tenant_is_read_in_any_session(database):
    with database.tenant("acme") as session:
        assert session.scalars(select(RegistryRow.revision)).one() == 0


def test_every_tenant_sees_and_writes_all(database):
    with database.every_tenant(write=True) as session:
        session.execute(update(KeyRow).values(name="renamed"))

    assert names(database) == {"acme": "renamed", "other": "renamed"}


def test_a_reading_transaction_leaves_nothing_behind(database):
    with database.tenant("acme") as session:
        session.add(a_row("k", "acme"))
        session.flush()

    assert names(database) == {"acme": "acme", "other": "other"}


def test_a_transaction_that_fails_leaves_nothing_behind(database):
    twice = [a_row("k", "acme"), a_row("k", "acme")]

    with pytest.raises(Conflict), database.tenant("acme", write=True) as session:
        session.add_all([a_row("fine", "acme"), *twice])

    assert names(database) == {"acme": "acme", "other": "other"}


def test_every_table_but_the_registry_belongs_to_tenants():
    owned = {m.local_table.name for m in Base.registry.mappers if issubclass(m.class_, TenantOwned)}

    assert set(Base.metadata.tables) - owned == {"installation", "registry", "registry_changes"}
