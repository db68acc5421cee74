"""What `minerva doctor` looks at around models: keys, environments, confinement, keeper, webhooks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minerva.cli.check import Check, asked
from minerva.errors import InvalidConfiguration

if TYPE_CHECKING:
    from minerva.bootstrap import Container
    from minerva.layers.abstraction.services.declaration import ServiceDeclaration
    from minerva.settings import Loaded

MIB = 1024 * 1024
OPEN = {
    "files": "reading and writing elsewhere",
    "truncate": "emptying files elsewhere",
    "signals": "signals to other processes",
    "tcp": "network connections",
    "sockets": "datagrams and sockets of other models",
}
"""What a model's process may do where the kernel cannot forbid it, by the sandbox's names."""


def signing(loaded: Loaded) -> Check:
    """Look at the key that signs versions, and at those that are trusted beside it."""
    from minerva.bootstrap.models import open_signer, signing_key

    def look() -> str:
        signer = open_signer(loaded)
        trusted = f"; {len(signer.trusted)} more are trusted" if signer.trusted else ""
        return f"key {signer.id}, closed to others: {signing_key(loaded)}{trusted}"

    return asked("signing", "look at signing_key and trusted_keys: minerva settings", look)


def webhooks(loaded: Loaded) -> Check:
    """Look at where messages may go, and at the key that they are signed with."""
    from minerva.layers.abstraction.webhooks.master_key import MasterKey
    from minerva.layers.abstraction.webhooks.targets import Targets

    def look() -> str:
        targets = Targets.parse(loaded.settings.webhook_targets)
        if not targets.entries:
            return "messages go nowhere: webhook_targets is empty"
        MasterKey.open(loaded.webhook_key)
        return f"messages go to {len(targets.entries)} listed; key {loaded.webhook_key}"

    return asked("webhooks", "look at webhook_targets and webhook_key: minerva settings", look)


def environments(container: Container, services: Sequence[ServiceDeclaration]) -> Check:
    """Look for what installs the libraries that algorithms and services require."""
    from minerva.layers.abstraction.runtimes.choice import requirements
    from minerva.layers.abstraction.runtimes.installers import Uv, installer_for

    catalogue = container.catalogue()
    needed = [one.service for one in services if requirements(catalogue.find(one.algorithm), one)]
    by = f", needed by {', '.join(needed)}" if needed else ""
    try:
        tool = installer_for(os.environ)
    except InvalidConfiguration:
        says = f"neither uv nor pip is there{by}"
        return Check("environments", not needed, says, "install one of them beside Minerva")
    name = "uv builds them" if isinstance(tool, Uv) else "pip builds them; uv would be faster"
    return Check("environments", True, f"{name}{by}")


def sandbox() -> Check:
    """Tell what models' processes are kept from; a kernel that can less is no failure."""
    from minerva.layers.abstraction.runtimes.landlock import landlock_version
    from minerva.layers.abstraction.runtimes.sandbox import gaps
    from minerva.layers.abstraction.runtimes.seccomp import filters_there_are

    abi, filtered = landlock_version(), filters_there_are()
    there = f"Landlock {abi}" if abi else "no Landlock"
    left = [OPEN[gap] for gap in gaps(abi, network=False, filtered=filtered)]
    open_ = f"this system cannot forbid {', '.join(left)}"
    says = open_ if left else "a model's own process reads and writes only what is its own"
    return Check("sandbox", True, f"{there}: {says}")


def keeper(container: Container) -> Check:
    """Ask the keeper of models' processes, if there is one; who needs it starts it."""

    def ask() -> str:
        hosts = container.hosts.list()
        if not hosts:
            return "no model has a process of its own now"
        size = sum(host.rss_bytes for host in hosts) // MIB
        names = ", ".join(sorted({host.algorithm for host in hosts}))
        return f"{len(hosts)} of models, {size:,} MiB: {names}"

    return asked("processes", "minerva logs --level warning", ask)
