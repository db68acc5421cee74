"""What every store of uploads must do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from minerva.errors import Conflict, NotFound, TooLarge
from minerva.layers.abstraction.formats.layout import Layout
from minerva.layers.abstraction.jobs.job import JobState
from minerva.layers.abstraction.jobs.store import Ending, JobLeases, JobStore
from minerva.layers.abstraction.uploads.store import UploadStore
from minerva.layers.abstraction.uploads.upload import Upload
from minerva.testing.job_stores import a_job, a_lease
from minerva.testing.threads import at_once

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FOREVER = NOW + timedelta(days=365)
DIGEST = "0123456789abcdef" * 4


class UploadStores(Protocol):
    """What the contract is given."""

    @property
    def uploads(self) -> UploadStore: ...
    @property
    def jobs(self) -> JobStore: ...
    @property
    def leases(self) -> JobLeases: ...


def an_upload(upload_id: str = "u1", tenant: str = "acme", held: int = 10) -> Upload:
    """Return an upload that has just begun."""
    return Upload(
        id=upload_id,
        tenant=tenant,
        service="churn",
        layout=Layout(format="csv", delimiter=";"),
        size=held,
        held=held,
        digest=None,
        rows=None,
        created_at=NOW,
        touched_at=NOW,
    )


class UploadStoreContract:
    """Uploads are counted, completed, used and forgotten within their tenant."""

    def test_an_upload_is_found_as_it_was_added(self, stores: UploadStores) -> None:
        stores.uploads.add(an_upload(), 0)

        assert stores.uploads.get("acme", "u1") == an_upload()
        assert stores.uploads.get("other", "u1") is None
        assert stores.uploads.known(["u1", "u2"]) == {"u1"}

    def test_an_id_is_given_once(self, stores: UploadStores) -> None:
        stores.uploads.add(an_upload(), 0)

        with pytest.raises(Conflict):
            stores.uploads.add(an_upload(), 0)

    def test_a_tenant_holds_no_more_than_its_quota(self, stores: UploadStores) -> None:
        stores.uploads.add(an_upload("u1", held=60), 100)
        stores.uploads.add(an_upload("u2", "other", held=60), 100)

        with pytest.raises(TooLarge):
            stores.uploads.add(an_upload("u3", held=60), 100)
        with pytest.raises(TooLarge):
            stores.uploads.hold("acme", "u1", 101, 100, NOW)

        stores.uploads.hold("acme", "u1", 100, 100, LATER)
        assert stores.uploads.get("acme", "u1") == replace(
            an_upload(held=60), held=100, touched_at=LATER
        )

    def test_of_eight_who_come_at_once_as_many_are_let_in_as_fit(
        self, stores: UploadStores
    ) -> None:
        def add(number: int) -> bool:
            try:
                stores.uploads.add(an_upload(f"u{number}", held=30), 100)
            except TooLarge:
                return False
            return True

        assert sum(at_once(8, add)) == 3

    def test_a_size_is_told_once(self, stores: UploadStores) -> None:
        stores.uploads.add(replace(an_upload(), size=None), 0)

        assert stores.uploads.set_size("acme", "u1", 5)
        assert stores.uploads.set_size("acme", "u1", 5)
        assert not stores.uploads.set_size("acme", "u1", 6)

    def test_a_complete_upload_says_so(self, stores: UploadStores) -> None:
        stores.uploads.add(an_upload(), 0)

        stores.uploads.complete("acme", "u1", DIGEST, 3, 10, LATER)

        found = stores.uploads.get("acme", "u1")
        assert found == replace(an_upload(), digest=DIGEST, rows=3, touched_at=LATER)
        assert found is not None
        assert found.complete

    def test_what_is_not_there_is_told(self, stores: UploadStores) -> None:
        with pytest.raises(NotFound):
            stores.uploads.hold("acme", "u1", 5, 0, NOW)
        with pytest.raises(NotFound):
            stores.uploads.complete("acme", "u1", DIGEST, 3, 10, NOW)
        assert not stores.uploads.use("acme", "u1", "j1")
        assert not stores.uploads.remove("acme", "u1")

    def test_a_job_uses_what_is_complete_only(self, stores: UploadStores) -> None:
        stores.uploads.add(an_upload(), 0)

        assert not stores.uploads.use("acme", "u1", "j1")

    def test_what_a_job_needs_is_not_removed(self, stores: UploadStores) -> None:
        self._used(stores)

        with pytest.raises(Conflict, match="cancel the job"):
            stores.uploads.remove("acme", "u1")
        assert stores.uploads.outdated(FOREVER, FOREVER) == []

    def test_what_an_ended_job_used_is_outdated_at_once(self, stores: UploadStores) -> None:
        self._used(stores)
        stores.jobs.cancel("acme", "j1", LATER)

        (found,) = stores.uploads.outdated(NOW, NOW)

        assert found.id == "u1"
        assert stores.uploads.remove("acme", "u1")
        assert stores.uploads.get("acme", "u1") is None

    def test_what_a_failed_job_used_stays_a_while_for_it_may_be_tried_again(
        self, stores: UploadStores
    ) -> None:
        self._used(stores)
        lease = a_lease()
        assert stores.leases.claim("j1", lease, NOW)
        ending = Ending(JobState.FAILED, error={"code": "invalid_data", "message": "no"})
        stores.leases.finish("j1", lease.token, ending, LATER)

        assert stores.uploads.outdated(LATER, LATER) == []
        (found,) = stores.uploads.outdated(FOREVER, FOREVER)
        assert found.id == "u1"

    def test_what_is_not_gone_on_with_is_outdated_after_a_while(self, stores: UploadStores) -> None:
        stores.uploads.add(an_upload("u1"), 0)
        stores.uploads.add(an_upload("u2"), 0)
        stores.uploads.complete("acme", "u2", DIGEST, 3, 10, NOW)

        assert stores.uploads.outdated(NOW, NOW) == []
        assert {one.id for one in stores.uploads.outdated(LATER, LATER)} == {"u1", "u2"}

    def _used(self, stores: UploadStores) -> None:
        stores.uploads.add(an_upload(), 0)
        stores.uploads.complete("acme", "u1", DIGEST, 3, 10, NOW)
        stores.jobs.submit(a_job())
        assert stores.uploads.use("acme", "u1", "j1")
        assert stores.uploads.use("acme", "u1", "j1")
