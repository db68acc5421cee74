"""Telling other systems, wired together: what is sent, where it may go, and by which key it is signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from minerva.adapters.metadata import MetadataStores
from minerva.bootstrap.chance import new_id
from minerva.layers.abstraction.callbacks.tell import Tell
from minerva.layers.abstraction.jobs.jobs import Jobs
from minerva.layers.abstraction.webhooks.delivering import Delivering
from minerva.layers.abstraction.webhooks.master_key import MasterKey
from minerva.layers.abstraction.webhooks.targets import Target, Targets
from minerva.layers.abstraction.webhooks.webhooks import Webhooks
from minerva.settings import Loaded

DRIFT = "minerva_drift"


@dataclass(frozen=True)
class Telling:
    """The parts of telling others, in one process."""

    loaded: Loaded
    stores: MetadataStores
    targets: Targets

    @classmethod
    def open(cls, loaded: Loaded, stores: MetadataStores) -> Telling:
        """Read where messages may go. Raises InvalidConfiguration."""
        return cls(loaded, stores, Targets.parse(loaded.settings.webhook_targets))

    def delivering(self) -> Delivering:
        """Return the kind of job that sends one message."""
        return Delivering(
            self.stores.subscriptions, self.targets, self.key, self.post, self.stores.clock.now
        )

    def webhooks(self, jobs: Jobs) -> Webhooks:
        """Return the use cases."""
        return Webhooks(
            store=self.stores.subscriptions,
            jobs=jobs.store,
            queue=jobs.queue,
            registry=jobs.registry,
            targets=self.targets,
            key=self.key,
            now=self.stores.clock.now,
            new_id=new_id,
        )

    def key(self) -> MasterKey:
        """Read the key; nobody needs it before something is sent. Raises InvalidConfiguration."""
        return MasterKey.open(self.loaded.webhook_key)

    def post(self, target: Target, headers: dict[str, str], body: bytes) -> int:
        """Send a message; what that needs is imported by those who do."""
        from minerva.adapters.webhooks.posting import Posting

        return Posting(self.targets)(target, headers, body)


def telling_drift(tell: Tell, webhooks: Webhooks) -> Tell:
    """Return what tells plugins, and other systems of a drift: of all else the database tells them."""

    def told(hook: str, /, **facts: Any) -> None:
        tell(hook, **facts)
        if hook == DRIFT:
            webhooks.drifted(facts["drift"])

    return told
