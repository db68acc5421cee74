"""Which files and URLs a caller may name."""

import pytest

from minerva.errors import InvalidInput, NotPermitted
from minerva.layers.abstraction.jobs.places import Places


@pytest.fixture
def places(tmp_path):
    workspace, outside = tmp_path / "workspace", tmp_path / "outside"
    (workspace / "data").mkdir(parents=True)
    outside.mkdir()
    return Places(workspace, ("data", str(outside), "s3://bucket/in/"))


def test_what_lies_in_an_allowed_place_is_resolved(places, tmp_path):
    inside = tmp_path / "workspace" / "data"

    assert places.resolve("data/a.csv") == str(inside / "a.csv")
    assert places.resolve("data/x/../a.csv") == str(inside / "a.csv")
    assert places.resolve(str(tmp_path / "outside" / "b")) == str(tmp_path / "outside" / "b")
    assert places.resolve("s3://bucket/in/2026/a.parquet") == "s3://bucket/in/2026/a.parquet"


@pytest.mark.parametrize(
    "named",
    [
        "minerva.toml",
        "data/../services/churn.yaml",
        "/etc/passwd",
        "../outside2/a",
        "database/a.csv",
        "data2/a.csv",
        "s3://bucket/other",
        "s3://bucket/in/../other",
        "s3://bucket/in/%2e%2e/other",
        "s3://user:secret@bucket/in/a",
        "s3://bucket/internal",
        "file:///etc/passwd",
        "simplecache::s3://bucket/in/a",
        "http://169.254.169.254/latest",
        "data/${HOME}.csv",
    ],
)
def test_anything_else_is_refused(places, named):
    with pytest.raises(NotPermitted):
        places.resolve(named)


@pytest.mark.parametrize("named", ["", "data/a\0b", "data/a\nb"])
def test_what_names_nothing_is_told_so(places, named):
    with pytest.raises(InvalidInput):
        places.resolve(named)


def test_a_link_leads_nowhere_else(places, tmp_path):
    (tmp_path / "workspace" / "data" / "link").symlink_to("/etc")

    with pytest.raises(NotPermitted):
        places.resolve("data/link/passwd")


def test_a_place_that_is_a_link_itself_is_where_it_leads(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "real")

    assert Places(tmp_path).resolve("data/a") == str(tmp_path / "real" / "a")
