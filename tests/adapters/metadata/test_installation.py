"""A database is one installation's, if that names itself."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, inspect

from minerva.adapters.metadata import migrate_metadata, open_metadata
from minerva.errors import InvalidConfiguration, MinervaError


def opened(url, release):
    """Open a database as a release does, and close it."""
    open_metadata(url, 20, release=release).close()


def test_the_first_release_that_names_itself_owns_the_database(empty_url):
    opened(empty_url, "shop")
    opened(empty_url, "shop")

    with pytest.raises(
        InvalidConfiguration, match="belongs to the release 'shop', and this one is 'bank'"
    ):
        opened(empty_url, "bank")


def test_who_does_not_name_itself_is_not_asked_and_owns_nothing(metadata_url):
    opened(metadata_url, "")
    opened(metadata_url, "shop")
    opened(metadata_url, "")

    with pytest.raises(InvalidConfiguration):
        migrate_metadata(metadata_url, 20, "bank")


def test_another_release_migrates_nothing(empty_url):
    opened(empty_url, "shop")
    engine = create_engine(empty_url)
    with engine.begin() as connection:  # as an older release would have left it
        connection.exec_driver_sql("DROP TABLE registry_changes")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0011'")

    for attempt in (opened, lambda url, release: migrate_metadata(url, 20, release)):
        with pytest.raises(InvalidConfiguration, match="belongs to the release 'shop'"):
            attempt(empty_url, "bank")

    assert "registry_changes" not in inspect(engine).get_table_names()
    engine.dispose()


def test_of_releases_that_come_at_once_one_has_it_and_the_others_are_refused(metadata_url):
    def come(name):
        try:
            opened(metadata_url, name)
        except MinervaError as error:
            return error
        return name

    with ThreadPoolExecutor(6) as threads:
        told = list(threads.map(come, [f"release-{n}" for n in range(6)]))

    (owner,) = (one for one in told if isinstance(one, str))
    assert all(repr(owner) in str(one) for one in told if one != owner)
