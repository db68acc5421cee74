"""Settings: defaults, every variable, and messages that name what is wrong."""

from pathlib import Path

import pytest

from legacy_stub.errors import SettingError
from legacy_stub.quirks import Quirk
from legacy_stub.settings import Settings


def test_without_variables_the_defaults_hold():
    assert Settings.from_environment({}) == Settings()


def test_an_empty_variable_counts_as_unset():
    assert Settings.from_environment({"LEGACY_PORT": " ", "LEGACY_QUIRKS": ""}) == Settings()


def test_every_variable_is_read():
    settings = Settings.from_environment(
        {
            "LEGACY_HOST": "::1",
            "LEGACY_PORT": "9000",
            "LEGACY_DB_URL": "postgresql+psycopg://host/db",
            "LEGACY_SIDECAR_URL": "http://sidecar:8080/",
            "LEGACY_SIDECAR_KEY": "k",
            "LEGACY_SIDECAR_KEY_FILE": "/run/key",
            "LEGACY_LOG_FOLDER": "/var/log/shared",
            "LEGACY_DEADLINE_MS": "150",
            "LEGACY_SERVICE": "leaving",
            "LEGACY_QUIRKS": "slow, latin-1",
            "LEGACY_POLL_MS": "50",
            "LEGACY_PREPARE_MS": "70",
        }
    )

    assert settings == Settings(
        host="::1",
        port=9000,
        db_url="postgresql+psycopg://host/db",
        sidecar_url="http://sidecar:8080",
        sidecar_key="k",
        sidecar_key_file=Path("/run/key"),
        log_folder=Path("/var/log/shared"),
        deadline_ms=150,
        service="leaving",
        quirks=frozenset({Quirk.SLOW, Quirk.LATIN_1}),
        poll_seconds=0.05,
        prepare_seconds=0.07,
    )
    assert settings.deadline_seconds == 0.15


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEGACY_PORT", "http"),
        ("LEGACY_PORT", "65536"),
        ("LEGACY_PORT", "-1"),
        ("LEGACY_PORT", "9" * 5000),
        ("LEGACY_PORT", "\N{ARABIC-INDIC DIGIT NINE}"),
        ("LEGACY_DEADLINE_MS", "0"),
        ("LEGACY_SIDECAR_URL", "https://sidecar"),
        ("LEGACY_SIDECAR_URL", "http://"),
        ("LEGACY_SIDECAR_URL", "http://sidecar:port"),
        ("LEGACY_SIDECAR_URL", "http://[::1"),
        ("LEGACY_QUIRKS", "slow,fast"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name, value):
    with pytest.raises(SettingError, match=name):
        Settings.from_environment({name: value})


def test_credentials_do_not_show():
    settings = Settings(sidecar_key="secret-key", db_url="postgresql://me:secret-word@host/db")

    assert "secret" not in repr(settings)
