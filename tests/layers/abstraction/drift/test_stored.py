"""A version keeps its profile; one without, or with one that nobody can read, is not watched."""

import pytest
from drifting import SCHEMA, rows
from structlog.testing import capture_logs
from tiny import EMAIL, events_of

from minerva.layers.abstraction.drift.profile import profile_of
from minerva.layers.abstraction.drift.stored import FILE, read_bins, write_profile
from minerva.schema import Decoder


def test_what_is_stored_is_read_back(tmp_path, generator):
    trained = rows(generator, 700)

    write_profile(tmp_path, trained)
    bins = read_bins(tmp_path, SCHEMA)

    counts = [count for field in profile_of(trained).fields for count in field.counts]
    assert (bins.names, bins.trained) == (SCHEMA.features, 700)
    assert bins.count([trained]).tolist() == counts


def test_a_version_without_rows_has_no_profile(tmp_path):
    write_profile(tmp_path, Decoder(SCHEMA).records([]))

    assert list(tmp_path.iterdir()) == []
    with capture_logs() as events:
        assert read_bins(tmp_path, SCHEMA) is None
    assert events_of(events, "drift.not_watched") == []


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff", b'{"rows": 5}', b'{"rows": 5, "fields": []}',
     b'{"rows": 5, "fields": [{"name": "normal", "counts": [5], "edges": [1.0]}]}'],
)  # fmt: skip
def test_a_profile_that_cannot_be_used_is_logged_and_not_watched(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)

    with capture_logs() as events:
        assert read_bins(tmp_path, SCHEMA) is None

    assert len(events_of(events, "drift.not_watched")) == 1


def test_a_trained_version_is_watched_and_one_that_learnt_nothing_is_not(container, make):
    learnt, fixed = make(), make("fixed", "fixed", data=None)

    assert container.versioning.loader.load(learnt).bins.names == ("x",)
    assert container.versioning.loader.load(fixed).bins is None


def test_nothing_personal_is_stored(container, make):
    version = make()

    stored = (container.artefacts.fetch(version.digest) / FILE).read_text()

    assert '"x"' in stored
    assert EMAIL.partition("{")[0] not in stored
    assert "c-1" not in stored
