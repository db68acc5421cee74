"""`minerva services export`, `import` and `uses`: services in a single file, and who uses what."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minerva.cli import screen
from minerva.cli.command import Command
from minerva.cli.session import Session, pass_session
from minerva.errors import Conflict, InvalidConfiguration

if TYPE_CHECKING:
    from minerva.bootstrap import Container
    from minerva.layers.abstraction.sharing.taking import Taken

SUFFIXES = (".zip", ".tar.gz", ".tgz")
AUTHOR = "command line"


@click.command("export", cls=Command)
@click.argument("services", nargs=-1, required=True)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--with-versions", is_flag=True, help="The champions too, as they serve.")
@click.option("--force", is_flag=True, help="Write over FILE if it is there.")
@pass_session
def export(
    session: Session,
    services: tuple[str, ...],
    file: Path,
    with_versions: bool,  # noqa: FBT001 - click passes flags so
    force: bool,  # noqa: FBT001 - as above
) -> None:
    """Write services, with all that their files extend, to FILE (.zip or .tar.gz).

    Plugins, data and secrets stay here; FILE says which plugins are needed.

    Examples:
      minerva services export churn churn.zip
      minerva services export churn upsell both.tar.gz --with-versions
    """
    from minerva.bootstrap.sharing import giving
    from minerva.cli.control import control

    if not file.name.endswith(SUFFIXES):
        raise InvalidConfiguration(f"{file.name} must end in {' or '.join(SUFFIXES)}.")
    if file.exists() and not force:
        raise Conflict(f"{file} is there already: take another name, or --force to write over it.")
    with control(session.load()) as container:
        draft = file.with_name(f".draft-{file.name}")
        try:
            bundle = giving(container).give(services, draft, with_versions=with_versions)
            draft.replace(file)
        except OSError as error:
            raise InvalidConfiguration(f"{file} cannot be written: {error.strerror}.") from error
        finally:
            draft.unlink(missing_ok=True)
    if session.json:
        screen.show_json({"file": str(file), "services": bundle.services, "files": bundle.files})
        return
    screen.say(f"{file} holds {', '.join(bundle.services)}.")
    for one in bundle.plugins:
        screen.remark(f"{one.algorithm} comes from {one.plugin}, which must be copied by itself.")
    given = {one.service for one in bundle.versions}
    for service in bundle.services:
        if with_versions and service not in given:
            screen.remark(f"{service} has no version yet.")


@click.command("import", cls=Command)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Write over service files that say something else.")
@pass_session
def import_(session: Session, file: Path, force: bool) -> None:  # noqa: FBT001 - click passes flags so
    """Take the services of a FILE that `minerva services export` wrote into this workspace.

    All of it, or nothing. Versions come along if this workspace trusts the key that signed them: put
    the public key of the other one (minerva versions key) into the folder trusted_keys.

    Example:
      minerva services import churn.zip
    """
    from minerva.bootstrap.sharing import taking
    from minerva.cli.control import control

    with control(session.load()) as container:
        taken = taking(container).take(file, force=force, author=AUTHOR)
        remarks = _remarks(container, taken)
    if session.json:
        told = {"services": taken.bundle.services, "files": taken.files, "versions": taken.versions}
        screen.show_json({**told, "remarks": remarks})
        return
    written = ", ".join(taken.files) or "nothing: all of it was here already"
    screen.say(f"Took {', '.join(taken.bundle.services)}. Wrote {written}.")
    for service, number in taken.versions.items():
        screen.say(f"{service} has it as version {number}: minerva versions {service}")
    for remark in remarks:
        screen.remark(remark)


@click.command(cls=Command)
@click.argument("name")
@pass_session
def uses(session: Session, name: str) -> None:
    """Tell who uses NAME: a service, a part, an algorithm, a plugin, a data source, a tenant.

    Examples:
      minerva services uses xgboost.classifier
      minerva services uses bases/subscriber
      minerva services uses LEGACY_DB_URL
    """
    from minerva.layers.abstraction.plugins.catalogue import discover
    from minerva.layers.abstraction.sharing.uses import uses as found_uses

    origins = discover(session.workspace, session.load().tried_plugins).origins
    found = found_uses(session.workspace, name, origins)
    if session.json:
        screen.show_json({"uses": [asdict(one) for one in found]})
    elif not found:
        screen.say(f"No service uses {name}.")
    else:
        rows = ((one.service, one.how, one.where) for one in found)
        screen.show_table(("service", "how", "where"), rows)


def _remarks(container: Container, taken: Taken) -> list[str]:
    """What is still to be done here."""
    from minerva.layers.abstraction.sharing.taking import differing_plugins

    told = [
        f"{plugin} differs from where the bundle was made."
        for plugin in differing_plugins(taken.bundle, container.catalogue())
    ]
    told += [f"{name} does not serve by it: {why}" for name, why in taken.held.items()]
    untrained = [name for name in taken.bundle.services if name not in taken.versions]
    if untrained:
        told.append(f"Train what needs it, with its data here: minerva train {untrained[0]}")
    return told
