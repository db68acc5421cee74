"""What is built and installed is what stands on disk, and `import minerva` stays light."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from itertools import chain
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SHIPPED = {
    "minerva": "minerva",
    "minerva.layers": "layers",
    "minerva.adapters": "adapters",
    "minerva.docker": "docker",
}
HEAVY = {"flask", "werkzeug", "celery", "kombu", "sqlalchemy", "pandas", "pyarrow", "xgboost"}


def modules_on_disk() -> set[PurePosixPath]:
    """Where a wheel must hold the modules that stand in the shipped folders."""
    found = set()
    for package, folder in SHIPPED.items():
        for file in (ROOT / folder).rglob("*.py"):
            inside = file.relative_to(ROOT / folder)
            linked = any((ROOT / folder / parent).is_symlink() for parent in inside.parents)
            if not linked:
                found.add(PurePosixPath(*package.split("."), inside))
    return found


def test_every_package_on_disk_is_shipped():
    packages = {
        ".".join(module.parent.parts)
        for module in modules_on_disk()
        if module.name == "__init__.py"
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages


def test_every_module_stands_in_a_package():
    folders = {module.parent for module in modules_on_disk()}
    assert {
        folder for folder in folders if folder / "__init__.py" not in modules_on_disk()
    } == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> set[str]:
    """The names of the files in a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    copy_sources(source)
    arguments = [
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(folder),
        str(source),
    ]
    built = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (file,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(file).namelist())


def copy_sources(target: Path) -> None:
    """Copy what a build needs, links as links; building in place would leave folders behind."""
    target.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target)
    for name in ("minerva", "layers", "adapters", "docker"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, target / name, symlinks=True, ignore=ignored)


def test_the_wheel_holds_every_module(wheel):
    assert {str(module) for module in modules_on_disk()} - wheel == set()


def test_the_wheel_holds_nothing_that_is_not_minerva(wheel):
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"minerva"}


def test_the_wheel_holds_the_files_that_are_no_modules(wheel):
    static = ROOT / "layers" / "core" / "http" / "static"
    expected = {f"minerva/layers/core/http/static/{file.name}" for file in static.iterdir()}
    expected |= {"minerva/py.typed", "minerva/adapters/metadata/migrations/script.py.mako"}
    assert expected <= wheel


def test_the_recipe_of_images_is_shipped(wheel):
    lists = {f"requirements/{file.name}" for file in (ROOT / "docker/requirements").iterdir()}
    parts = {"Dockerfile", "left-out.txt", *lists}
    parts |= {file.name for file in (ROOT / "docker").glob("*.sh")}
    assert {f"minerva/docker/{part}" for part in parts} <= wheel


def loaded_after(statement: str) -> set[str]:
    """The names in `sys.modules` after a statement in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    return set(done.stdout.split())


def test_importing_minerva_loads_no_framework():
    assert HEAVY & loaded_after("import minerva") == set()


def test_no_module_is_loaded_under_a_bare_name():
    loaded = loaded_after("import minerva.bootstrap, minerva.cli, minerva.wsgi, minerva.worker")
    assert {"minerva.layers", "minerva.adapters"} <= loaded
    assert {"layers", "adapters", "legacy_stub"} & loaded == set()


PINNED = re.compile(
    r"[a-z0-9-]+==[A-Za-z0-9.]+( ; [a-z_]+ (==|!=|<|>=|<=|>) '[\w.-]+'( (and|or) .*)?)?"
)


def test_the_lock_names_no_address():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 50
    assert [line for line in lines if not PINNED.fullmatch(line)] == []
    assert not re.search(r"://|@|/|^-", "\n".join(lines), re.MULTILINE)


def test_the_lock_pins_every_direct_dependency():
    project = PROJECT["project"]
    # PyTorch's build, and with it everything that it needs, is for its user to choose
    extras = [lines for name, lines in project["optional-dependencies"].items() if name != "torch"]
    declared = [*project["dependencies"], *chain.from_iterable(extras)]
    names = {re.split(r"[\[<>=; ]", line, maxsplit=1)[0].lower() for line in declared}
    pinned = {line.split("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    assert names - pinned == {"minerva-sidecar"}


def test_what_is_installed_here_is_what_is_pinned():
    unconditional = re.findall(
        r"^([a-z0-9-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE
    )
    assert {(name, version(name)) for name, _ in unconditional} == set(unconditional)
