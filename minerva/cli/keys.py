"""`minerva keys`: who may call. Works on the workspace's database, so it needs no sidecar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from minerva.cli import screen
from minerva.cli.command import Group
from minerva.cli.session import Session, pass_session
from minerva.errors import NotFound

if TYPE_CHECKING:
    from minerva.layers.core.security.keystore import StoredKey

SCOPES = ("predict", "feedback", "train", "registry", "admin", "metrics")
tenant_option = click.option(
    "--tenant", default="default", show_default=True, help="Whose services the key is for."
)


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def keys(ctx: click.Context) -> None:
    """List, make and revoke API keys.

    Examples:
      minerva keys
      minerva keys create billing-app --scope predict
      minerva keys revoke 1f0c9a…
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Session), "default")


@keys.command("list")
@tenant_option
@pass_session
def list_keys(session: Session, tenant: str) -> None:
    """List the keys of a tenant, revoked ones too. Their secrets are stored nowhere."""
    _list(session, tenant)


@keys.command("create")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), required=True,
    help="What the key allows; give it several times for several.",
)  # fmt: skip
@tenant_option
@pass_session
def create_key(session: Session, name: str, scopes: Sequence[str], tenant: str) -> None:
    """Make a key for NAME and print it: once, as only its hash is kept.

    Examples:
      minerva keys create billing-app --scope predict
      minerva keys create nightly --scope train --scope predict > nightly.key
    """
    from minerva.cli.control import control
    from minerva.layers.core.security.keys import mint

    text, stored = mint(tenant, name, scopes, datetime.now(UTC))
    with control(session.load()) as container:
        container.stores.keys.add(stored)
    if session.json:
        screen.show_json({"key": text, **_json(stored)})
        return
    screen.say(text)
    screen.remark(
        f"This is the only time that it is shown. To end it: minerva keys revoke {stored.id}"
    )


@keys.command("mint")
@pass_session
def mint_key(session: Session) -> None:
    """Print the text of a new admin key, and do nothing else: no database is asked.

    For a secret that is mounted as MINERVA_ADMIN_KEY_FILE; `minerva migrate` makes it known.

    Example:
      minerva keys mint > admin.key
    """
    from minerva.layers.core.security.keys import mint

    text, _ = mint("default", "minted", {"admin"}, datetime.now(UTC))
    if session.json:
        screen.show_json({"key": text})
        return
    screen.say(text)


@keys.command("revoke")
@click.argument("key_id", metavar="ID")
@tenant_option
@pass_session
def revoke_key(session: Session, key_id: str, tenant: str) -> None:
    """End a key; callers that use it are refused within a second."""
    from minerva.cli.control import control

    plain_id = key_id.removeprefix("mk_").partition("_")[0]
    with control(session.load()) as container:
        stored = container.stores.keys.revoke(tenant, plain_id, datetime.now(UTC))
    if stored is None:
        raise NotFound(f"Tenant {tenant!r} has no key with this id: minerva keys lists them.")
    if session.json:
        screen.show_json(_json(stored))
        return
    screen.say(f"Key {stored.id} ({stored.name}) is revoked.")


def _list(session: Session, tenant: str) -> None:
    from minerva.cli.control import control

    with control(session.load()) as container:
        found = container.stores.keys.list(tenant)
    if session.json:
        screen.show_json({"keys": [_json(key) for key in found]})
        return
    if not found:
        screen.say("There are no keys: minerva keys create NAME --scope predict")
        return
    screen.show_table(
        ("id", "name", "scopes", "made (UTC)", "revoked (UTC)"),
        (
            (key.id, key.name, " ".join(sorted(key.scopes)), _moment(key.created_at),
             _moment(key.revoked_at))
            for key in found
        ),
    )  # fmt: skip


def _moment(at: datetime | None) -> str:
    return "" if at is None else screen.moment(at.astimezone(UTC).isoformat())


def _json(key: StoredKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "tenant": key.tenant,
        "scopes": sorted(key.scopes),
        "created_at": key.created_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
    }
