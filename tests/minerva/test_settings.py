"""Settings: where a value comes from, and what is refused."""

from pathlib import Path

import msgspec
import pytest

from minerva.errors import InvalidConfiguration
from minerva.settings import FILE, SECRET, Loaded, Settings, load, mask_password


@pytest.fixture
def read(tmp_path):
    """Load settings from the text of a file and an environment."""

    def loaded(text: str | bytes = "", **environment: str) -> Loaded:
        content = text if isinstance(text, bytes) else text.encode()
        (tmp_path / FILE).write_bytes(content)
        return load(tmp_path, environment)

    return loaded


def refusal(read, *arguments, **environment) -> InvalidConfiguration:
    """Return why settings cannot be used."""
    with pytest.raises(InvalidConfiguration) as caught:
        read(*arguments, **environment)
    return caught.value


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(read):
    loaded = read("port = 1111\nhost = 'localhost'", MINERVA_PORT="2222")

    settings = loaded.settings
    assert (settings.port, settings.host, settings.web_workers) == (2222, "localhost", 2)
    origins = {name: loaded.origins[name] for name in ("port", "host", "web_workers")}
    assert origins == {"port": "MINERVA_PORT", "host": FILE, "web_workers": "default"}


def test_every_setting_has_an_origin_and_a_description(read):
    names = set(Settings.__struct_fields__)
    schema = msgspec.json.schema(Settings)["$defs"]["Settings"]["properties"]

    assert set(read().origins) == names
    assert all(schema[name].get("description") for name in names)


def test_without_a_file_the_defaults_hold(tmp_path):
    assert load(tmp_path, {}).settings == Settings()
    assert load(tmp_path / "not there", {}).settings == Settings()


def test_other_variables_are_left_to_whom_they_belong(read):
    assert read(MINERVA_WORKSPACE="/w", MINERVA_PLUGIN_X="1", PORT="9").settings == Settings()


@pytest.mark.parametrize(
    ("text", "environment", "where", "why"),
    [
        ("port = '8080'", {}, FILE, "port: Expected `int`, got `str`"),
        ("port = -1", {}, FILE, "port: Expected `int` >= 0"),
        ("port = 8080.5", {}, FILE, "port: Expected `int`, got `float`"),
        ("lease_s = nan", {}, FILE, "lease_s: Expected `float` > 0"),
        ("lease_s = inf", {}, FILE, "lease_s: Expected `float` <= "),
        ("prot = 8080", {}, FILE, "there is no setting 'prot'; `minerva settings` lists them"),
        ("[http]\nport = 1", {}, FILE, "there is no setting 'http'"),
        ("", {"MINERVA_PORT": "eighty"}, "MINERVA_PORT", "port: Expected `int`, got `str`"),
        ("", {"MINERVA_PORT": ""}, "MINERVA_PORT", "port: Expected `int`, got `str`"),
        ("", {"MINERVA_PORT": "70000"}, "MINERVA_PORT", "port: Expected `int` <= 65535"),
        ("", {"MINERVA_LEASE_S": "nan"}, "MINERVA_LEASE_S", "lease_s: Expected `float` > 0"),
        ("", {"MINERVA_AUTH": "off"}, "MINERVA_AUTH", "auth: Invalid enum value 'off'"),
        ("port = 0", {"MINERVA_PORT": "x"}, "MINERVA_PORT", "port: Expected `int`"),
    ],
)
def test_a_wrong_value_is_told_with_its_origin(read, text, environment, where, why):
    (fault,) = refusal(read, text, **environment).faults

    assert fault.where == where
    assert fault.message.startswith(why)


def test_all_mistakes_are_told_at_once(read):
    error = refusal(read, "port = -1\nhots = 'x'", MINERVA_WEB_WORKERS="none")

    assert [fault.where for fault in error.faults] == [FILE, FILE, "MINERVA_WEB_WORKERS"]


@pytest.mark.parametrize("text", ["port =", "port = 1\nport = 2", b"\xff\xfe", "port = 08"])
def test_a_file_that_is_no_toml_is_named(read, tmp_path, text):
    assert refusal(read, text).message.startswith(f"{tmp_path / FILE} is not valid TOML: ")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / FILE).mkdir()

    with pytest.raises(InvalidConfiguration, match="cannot be read: Is a directory"):
        load(tmp_path, {})


def test_a_byte_order_mark_is_no_part_of_a_file(read):
    assert read("port = 1".encode("utf-8-sig")).settings.port == 1


def test_environment_values_become_the_types_of_the_settings(read):
    settings = read(
        MINERVA_WEB_WORKERS="3", MINERVA_LEASE_S="2.5", MINERVA_AUTH="none", MINERVA_LOG_FOLDER="-"
    ).settings

    assert (settings.web_workers, settings.lease_s, settings.auth) == (3, 2.5, "none")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_letting_everyone_in_is_refused_where_other_machines_reach(read, host):
    message = refusal(read, f"auth = 'none'\nhost = '{host}'").message

    assert message.startswith(f"auth is none, but host {host} is reachable from other machines")


@pytest.mark.parametrize(
    "environment",
    [
        {"MINERVA_HOST": "127.0.0.1"},
        {"MINERVA_HOST": "::1"},
        {"MINERVA_HOST": "localhost"},
        {"MINERVA_HOST": "0.0.0.0", "MINERVA_SOCKET": "/run/minerva.sock", "MINERVA_PORT": "0"},
        {"MINERVA_HOST": "0.0.0.0", "MINERVA_AUTH": "keys"},
    ],
)
def test_letting_everyone_in_is_allowed_where_only_this_machine_reaches(read, environment):
    assert read(**{"MINERVA_AUTH": "none", **environment}).settings.host


def test_a_unix_socket_beside_tcp_makes_no_other_machine_local(read):
    with pytest.raises(InvalidConfiguration, match="reachable from other machines"):
        read(MINERVA_AUTH="none", MINERVA_HOST="0.0.0.0", MINERVA_SOCKET="s")


def test_a_sidecar_without_any_address_is_refused(read):
    with pytest.raises(InvalidConfiguration, match="nobody could call"):
        read(MINERVA_PORT="0")


def test_a_relative_socket_lies_in_the_workspace(read, tmp_path):
    assert read(MINERVA_SOCKET="run.sock").socket == tmp_path.resolve() / "run.sock"
    assert read().socket is None


def test_what_is_left_empty_lies_in_the_workspace(read, tmp_path):
    loaded = read()
    state = tmp_path.resolve() / ".minerva"

    assert loaded.workspace == tmp_path.resolve()
    assert loaded.state == state
    assert loaded.database_url == f"sqlite:///{state}/minerva.db"
    assert loaded.artefacts_url == f"{state}/artefacts"
    assert loaded.queue_url == f"filesystem://{state}/queue"
    assert loaded.log_folder == state / "logs"


def test_what_models_may_read_is_named_from_the_workspace(read, tmp_path):
    loaded = read(MINERVA_HOST_READS="/srv/tables:words::")

    assert loaded.host_reads == ("/srv/tables", str(tmp_path.resolve() / "words"))
    assert read().host_reads == ()


def test_what_is_given_is_used_as_it_is(read):
    loaded = read(
        MINERVA_DATABASE_URL="postgresql://h/d",
        MINERVA_ARTEFACTS_URL="s3://bucket",
        MINERVA_QUEUE_URL="redis://h",
        MINERVA_LOG_FOLDER="/var/log/app",
    )

    assert (loaded.database_url, loaded.artefacts_url) == ("postgresql://h/d", "s3://bucket")
    assert (loaded.queue_url, loaded.log_folder) == ("redis://h", Path("/var/log/app"))
    assert read(MINERVA_LOG_FOLDER="-").log_folder is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p4ss@host/db", "postgresql://u:***@host/db"),
        ("redis://:p4ss@host:6379/0", "redis://:***@host:6379/0"),
        ("postgresql://u:p4@ss:w@host/db", "postgresql://u:***@host/db"),
        ("postgresql://u:p4ss/w?x@host/db", "postgresql://u:***@host/db"),
        ("postgresql://u:p4?key=ss@host/db", "postgresql://u:***@host/db"),
        ("redis://:p4ss@one;redis://:p4ss@two", "redis://:***@two"),
        ("postgresql://host/db?user=u&password=p4ss", "postgresql://host/db?user=u&password=***"),
        ("s3://bucket?secret_key=p4ss&region=eu", "s3://bucket?secret_key=***&region=eu"),
        ("pg://u:p4ss@host/db?sslpassword=p4ss", "pg://u:***@host/db?sslpassword=***"),
        ("redis://host?PASSWORD=p4@ss", "redis://host?PASSWORD=***"),
        ("postgresql://user@host/db", "postgresql://user@host/db"),
        ("sqlite:////data/minerva.db", "sqlite:////data/minerva.db"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/0"),
        ("", ""),
    ],
)
def test_passwords_are_masked_wherever_a_url_holds_them(url, shown):
    assert mask_password(url) == shown
    assert "p4" not in shown


def test_only_urls_are_masked(read):
    loaded = read(MINERVA_DATABASE_URL="postgresql://u:p4ss@h/d", MINERVA_HOST="localhost")

    assert loaded.masked("database_url") == "postgresql://u:***@h/d"
    assert loaded.masked("host") == "localhost"
    assert loaded.masked("port") == 8080
    assert {name for name in Settings.__struct_fields__ if name.endswith("_url")} == SECRET
