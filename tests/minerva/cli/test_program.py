"""The program itself: help, errors, exit codes."""

import errno
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from minerva import errors
from minerva.cli.command import Program
from minerva.cli.program import SECTIONS, program

HEAVY = ("numpy", "pandas", "flask", "celery", "kombu", "sqlalchemy", "xgboost", "rich", "gunicorn")


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from minerva.cli.program import program\n"
        "assert CliRunner().invoke(program, ['--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_a_command_ends_without_looking_for_garbage_in_what_goes_anyway():
    code = (
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print(gc.get_freeze_count() > 0))\n"
        "sys.argv[1:] = ['--version']\n"
        "from minerva.cli import main\n"
        "main()"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "True"


def test_help_takes_less_than_a_third_of_a_second_of_processor_time():
    def seconds():
        import resource

        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run(
            [sys.executable, "-m", "minerva.cli", "--help"], check=True, capture_output=True
        )
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before

    assert any(seconds() < 0.3 for _ in range(10))  # what others do meanwhile only adds to it


def test_help_lists_every_command_in_one_section(minerva):
    listed = [name for names in SECTIONS.values() for name in names]

    assert sorted(listed) == sorted(program.commands)
    assert all(name in minerva("--help").stdout for name in listed)


@pytest.mark.parametrize("name", sorted(program.commands))
def test_every_command_teaches_by_example(minerva, name):
    shown = minerva(name, "--help").stdout

    assert "--json" in shown
    assert f"\n    minerva {name}" in shown or f" minerva {name}" in shown


def test_tells_its_version(minerva):
    assert minerva("--version").stdout.startswith("minerva, version ")


def test_an_unknown_command_is_misuse(minerva):
    assert minerva("trian").exit_code == 2


def test_says_how_to_start_a_sidecar_where_none_answers(minerva, free_port):
    url = f"http://127.0.0.1:{free_port()}"

    result = minerva("services", "--url", url)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"No sidecar answers at {url}: start it with `minerva up`, or name another with --url.\n"
    )


def test_a_url_that_is_none_is_misuse(minerva):
    result = minerva("--url", "localhost", "services")

    assert result.exit_code == 2
    assert "is no address of a sidecar" in result.stderr


def test_broken_settings_are_misuse_and_named(minerva, tmp_path):
    (tmp_path / "minerva.toml").write_text("port = 99999\n")

    result = minerva("settings")

    assert result.exit_code == 2
    assert result.stderr.splitlines()[0] == "The settings cannot be used."
    assert result.stderr.splitlines()[1].startswith("  minerva.toml: port: ")


def test_a_settings_file_that_cannot_be_read_is_named(minerva, tmp_path):
    (tmp_path / "minerva.toml").mkdir()

    result = minerva("settings")

    assert result.exit_code == 2
    assert "minerva.toml" in result.stderr
    assert "Traceback" not in result.output


def failing(error):
    """A program whose only command raises."""
    broken = Program("minerva", sections={})

    @broken.command()
    def fail():
        raise error

    return broken


def test_what_nobody_foresaw_is_one_sentence_too():
    result = CliRunner().invoke(failing(KeyError("secret")), ["fail"])

    assert result.exit_code == 1
    assert re.fullmatch(
        r"Minerva itself failed: KeyError in test_program\.py:\d+\. "
        r"Run it again with MINERVA_DEBUG=1 to see everything\.\n",
        result.stderr,
    )


def test_a_full_disk_is_one_sentence_too():
    full = OSError(errno.ENOSPC, "No space left on device", "/data/x")

    result = CliRunner().invoke(failing(full), ["fail"])

    assert result.exit_code == 1
    assert result.stderr == "Error: /data/x: No space left on device.\n"


@pytest.mark.parametrize("error", [KeyError("x"), OSError("x")])
def test_debugging_shows_what_nobody_foresaw(monkeypatch, error):
    monkeypatch.setenv("MINERVA_DEBUG", "1")

    assert CliRunner().invoke(failing(error), ["fail"]).exception is error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidConfiguration("wrong"), 2),
        (errors.InvalidInput("wrong"), 2),
        (errors.InvalidBody("wrong"), 2),
        (errors.NotFound("wrong"), 1),
        (errors.Conflict("wrong"), 1),
        (errors.Unavailable("wrong"), 1),
        (errors.AlgorithmFailed("wrong"), 1),
    ],
)
def test_the_exit_code_tells_misuse_from_failure(error, code):
    result = CliRunner().invoke(failing(error), ["fail"])

    assert (result.exit_code, result.stderr) == (code, "wrong\n")


def test_a_missing_key_is_told_with_where_one_is_looked_for():
    result = CliRunner().invoke(failing(errors.NotAuthenticated("This needs a key.")), ["fail"])

    assert "$MINERVA_API_KEY" in result.stderr


def test_debugging_shows_everything(minerva, monkeypatch, tmp_path):
    monkeypatch.setenv("MINERVA_DEBUG", "1")
    (tmp_path / "minerva.toml").write_text("port = 99999\n")

    assert type(minerva("settings").exception).__name__ == "InvalidConfiguration"


def test_a_reader_that_goes_away_is_no_failure_worth_a_trace():
    code = f"{sys.executable} -m minerva.cli settings --json | head -c 1"

    done = subprocess.run(["sh", "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr == ""


def test_options_are_taken_before_and_after_the_command(minerva, tmp_path):
    shop = tmp_path / "shop"
    shop.mkdir()

    before = minerva("--workspace", shop, "--json", "settings")
    after = minerva("settings", "--workspace", shop, "--json")

    assert before.stdout == after.stdout
    assert str(shop) in before.stdout


def test_the_workspace_is_the_nearest_folder_upwards(minerva, monkeypatch, tmp_path):
    (tmp_path / "minerva.toml").touch()
    (tmp_path / "services").mkdir()
    monkeypatch.chdir(tmp_path / "services")

    assert f'"workspace": "{tmp_path}"' in minerva("settings", "--json").stdout
