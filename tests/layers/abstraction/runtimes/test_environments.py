"""Requirements are locked once, built once, and seen before Minerva's own packages; real packages."""

import os
import shutil
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import uv
from structlog.testing import capture_logs

from minerva.errors import InvalidConfiguration, Unavailable
from minerva.layers.abstraction.runtimes.environments import READY, Environments

SMALL = "iniconfig==2.0.0"
"""One file, no dependency; another version than pytest brings."""


@pytest.fixture(scope="module")
def with_pip(tmp_path_factory) -> dict[str, str]:
    """The environment of a machine without uv."""
    return {**os.environ, "PATH": str(tmp_path_factory.mktemp("path"))}


@pytest.fixture(scope="module")
def with_uv(tmp_path_factory) -> dict[str, str]:
    """The environment of a machine with uv."""
    folder = tmp_path_factory.mktemp("path")
    (folder / "uv").symlink_to(uv.find_uv_bin())
    return {**os.environ, "PATH": str(folder)}


@pytest.fixture(params=["with_pip", "with_uv"])
def environments(request, tmp_path) -> Environments:
    """No environments yet, with each installer."""
    return Environments(tmp_path / "environments", request.getfixturevalue(request.param))


def told_by(python: Path, code: str) -> str:
    """Run code with the environment's interpreter, away from the sources."""
    return subprocess.check_output([python, "-c", code], text=True, cwd="/").strip()


def test_a_lock_names_every_package_exactly(environments):
    lock = environments.lock(["jinja2==3.1.4 ; python_version > '3'"])

    assert [line.split("==")[0].lower() for line in lock.splitlines()] == ["jinja2", "markupsafe"]
    assert "://" not in lock
    assert "jinja2==3.1.4" in lock.lower()


def test_a_lock_stays_what_it_was(environments):
    first = environments.lock([SMALL])
    offline = Environments(
        environments.folder,
        {"PATH": environments.environ["PATH"], "PIP_NO_INDEX": "1", "UV_OFFLINE": "1"},
    )

    assert offline.lock([SMALL, f"  {SMALL} "]) == first == SMALL + "\n"


def test_no_requirements_need_no_environment(environments):
    assert environments.lock([]) == ""
    assert environments.python("") == Path(sys.executable)
    assert not environments.folder.exists()


def test_an_environment_has_its_packages_and_minerva_behind_them(environments):
    with capture_logs() as events:
        python = environments.python(SMALL)

    told = told_by(
        python,
        """if True:
        import importlib.metadata as m, iniconfig, minerva, minerva.layers.abstraction, numpy
        print(m.version("iniconfig"), iniconfig.__file__, minerva.__file__, sep="\\n")
        print("xgboost" in {entry.name for entry in m.entry_points(group="minerva")})
        """,
    ).splitlines()
    import minerva

    assert told == ["2.0.0", told[1], minerva.__file__, "True"]
    assert Path(told[1]).is_relative_to(environments.folder)
    assert [e["event"] for e in events] == ["environment.built"]


def test_the_entry_point_of_a_models_process_runs_in_it(environments):
    python = environments.python(SMALL)

    code = "import runpy, importlib.util as u; print(u.find_spec('minerva.model_host').origin)"
    assert told_by(python, code).endswith("minerva/model_host.py")


def test_many_threads_build_once(environments):
    ready = threading.Barrier(8)

    def ask(_):
        ready.wait()
        return environments.python(SMALL)

    with capture_logs() as events, ThreadPoolExecutor(8) as pool:
        pythons = set(pool.map(ask, range(8)))

    assert len(pythons) == 1
    assert [e["event"] for e in events] == ["environment.built"]


def test_many_processes_build_once(environments):
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from structlog.testing import capture_logs
        from minerva.layers.abstraction.runtimes.environments import Environments
        with capture_logs() as events:
            python = Environments(Path(sys.argv[1])).python(sys.argv[2])
        print(len(events), python)
        """
    )
    command = [sys.executable, "-c", program, str(environments.folder), SMALL]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environments.environ)
        for _ in range(3)
    ]
    told = [process.communicate()[0].split() for process in running]

    assert sorted(built for built, _ in told) == ["0", "0", "1"]
    assert len({python for _, python in told}) == 1


def test_a_build_that_was_killed_is_built_anew(environments):
    folder = environments.python(SMALL).parent.parent
    (folder / READY).unlink()
    shutil.rmtree(folder / "lib")

    python = environments.python(SMALL)

    assert told_by(python, "import iniconfig; print('there')") == "there"


def test_two_contradicting_compiled_libraries_stand_side_by_side(environments):
    show = (
        "from importlib.metadata import version; import markupsafe._speedups as compiled;"
        "print(version('markupsafe'), compiled.__file__, sep='\\n')"
    )

    old = environments.python(environments.lock(["markupsafe==2.1.5"]))
    new = environments.python(environments.lock(["markupsafe>2.1.5"]))

    for python, release in ((old, "2.1."), (new, "3.")):
        number, file = told_by(python, show).splitlines()
        assert number.startswith(release)
        assert Path(file).is_relative_to(python.parent.parent)


@pytest.mark.parametrize(
    "line",
    [
        "-r other.txt",
        "--index-url https://example.org/simple",
        "flask --index-url=https://example.org/simple",
        "flask --hash=sha256:00",
        "flask; python_version > '3' --hash=sha256:00",
        "flask @ https://example.org/flask.whl",
        "git+https://example.org/flask",
        "./folder",
        "/folder",
        "flask==${SECRET}",
        "flask\n-e .",
        "flask\\\n-e .",
        "",
        "flask; $(id)",
        "flask==1 # comment",
    ],
)
def test_what_is_no_plain_requirement_is_refused(environments, line):
    with pytest.raises(InvalidConfiguration, match="options, addresses and files are refused"):
        environments.lock([line])

    assert not environments.folder.exists()


@pytest.mark.parametrize(
    "line",
    ["flask", "Flask >=3, <4", "uvicorn[standard,extra]==0.30.*", "a-b.c_d~=1.0", "x!=1.0+cpu",
     "x (>=1)", "x===1.0", "x; python_version >= '3.8' and sys_platform == \"linux\""],
)  # fmt: skip
def test_plain_requirements_are_taken(tmp_path, line):
    environments = Environments(tmp_path, {"PATH": "", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""})

    with pytest.raises((InvalidConfiguration, Unavailable), match="could not be built"):
        environments.lock([line])  # taken, and not found: there is no index


def test_a_version_that_does_not_exist_is_told_with_the_log(environments):
    with pytest.raises(InvalidConfiguration, match="iniconfig==999") as caught:
        environments.lock(["iniconfig==999"])

    log_file = Path(caught.value.message.rsplit("its log: ", 1)[1].rstrip("."))
    assert "iniconfig" in log_file.read_text()
    assert log_file.stat().st_mode & 0o077 == 0


def test_an_index_that_cannot_be_reached_is_no_mistake_of_the_user(environments, free_port):
    index = f"http://somebody:geheim@127.0.0.1:{free_port()}/simple"
    alone = {"PIP_INDEX_URL": index, "PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "UV_DEFAULT_INDEX": index, "UV_HTTP_RETRIES": "0", "UV_NO_CACHE": "1", "UV_NO_CONFIG": "1"}  # fmt: skip
    cut_off = Environments(environments.folder, {**environments.environ, **alone})

    with pytest.raises(Unavailable) as caught:
        cut_off.lock([SMALL])

    assert "geheim" not in caught.value.message
    assert "127.0.0.1" not in caught.value.message
    assert cut_off.lock([]) == ""
    assert environments.lock([SMALL]) == SMALL + "\n", "a failure is not remembered"


def test_a_failed_build_leaves_nothing_that_looks_ready(environments):
    with pytest.raises(InvalidConfiguration):
        environments.python("iniconfig==999\n")

    assert not list(environments.folder.glob(f"*/{READY}"))
    assert list(environments.folder.glob("*.log"))


def test_a_lock_that_is_none_is_refused(environments):
    with pytest.raises(InvalidConfiguration, match="name==version"):
        environments.python("iniconfig==2.0.0\n--index-url https://example.org\n")


def test_a_folder_that_cannot_be_written_is_told(tmp_path, with_pip):
    (tmp_path / "file").write_text("")

    with pytest.raises(Unavailable, match="cannot be opened"):
        Environments(tmp_path / "file", with_pip).lock([SMALL])


def test_environments_that_nobody_names_are_removed(environments):
    kept, gone = environments.python(SMALL), environments.python("iniconfig==2.1.0")

    with capture_logs() as events:
        removed = environments.prune([SMALL])

    assert kept.exists()
    assert not gone.parent.parent.exists()
    assert removed == (gone.parent.parent.name,)
    assert [e["event"] for e in events] == ["environment.removed"]
