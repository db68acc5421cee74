"""A version's own copy of its plugin."""

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from minerva.errors import AlgorithmFailed, Conflict
from minerva.layers.abstraction.plugins.catalogue import discover
from minerva.layers.abstraction.plugins.importing import PACKAGE, forget
from minerva.layers.abstraction.plugins.snapshot import keep, restore

PLUGIN = """
import json
from pathlib import Path
from minerva import Algorithm, hookimpl

class Model:
    pass

class Mine(Algorithm):
    name = "mine"
    answer = {answer}
    def train(self, data, context): return Model()
    def load(self, folder, context): ...
    def words(self): return json.loads(Path(__file__).with_name("words.json").read_text())

@hookimpl
def minerva_algorithms():
    return [Mine()]
"""


@pytest.fixture
def kept(tmp_path):
    """Keep a plugin with this answer as a version's; return the version's folder."""

    def made(answer: int = 1, name: str = "version") -> Path:
        mine = tmp_path / "plugins" / "mine"
        (mine / "parts").mkdir(parents=True, exist_ok=True)
        (mine / "__init__.py").write_text("from .parts.inner import minerva_algorithms")
        (mine / "parts" / "inner.py").write_text(PLUGIN.format(answer=answer))
        (mine / "parts" / "words.json").write_text(json.dumps(["a", answer]))
        (mine / ".secret").write_text("x")
        catalogue = discover(tmp_path)
        keep(catalogue.source_of("mine"), tmp_path / name)
        return tmp_path / name

    return made


def files(folder: Path) -> list[str]:
    """Return the names of all files below a folder."""
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )


def test_source_and_what_lies_beside_it_are_kept(kept):
    assert files(kept()) == [
        "plugin/mine/__init__.py",
        "plugin/mine/parts/inner.py",
        "plugin/mine/parts/words.json",
    ]


def test_a_file_is_kept_as_a_file(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(PLUGIN.format(answer=3))

    keep(discover(tmp_path).source_of("mine"), tmp_path / "version")

    assert files(tmp_path / "version") == ["plugin/mine.py"]
    assert restore(tmp_path / "version", "mine").answer == 3


def test_what_was_imported_is_kept_not_what_was_edited_since(tmp_path):
    file = tmp_path / "plugins" / "mine.py"
    file.parent.mkdir()
    file.write_text(PLUGIN.format(answer=1))
    source = discover(tmp_path).source_of("mine")

    file.write_text("def half(")
    keep(source, tmp_path / "version")

    assert restore(tmp_path / "version", "mine").answer == 1


def test_a_version_goes_on_with_its_own_source(kept, tmp_path):
    first = kept(1, "first")
    second = kept(2, "second")

    assert restore(first, "mine").answer == 1
    assert restore(second, "mine").answer == 2
    assert restore(first, "mine").words() == ["a", 1]
    assert discover(tmp_path).find("mine").answer == 2


def test_versions_of_one_source_share_it(kept, tmp_path):
    first, second = kept(5, "first"), kept(5, "second")

    assert restore(first, "mine") is restore(second, "mine")
    assert restore(first, "mine") is not discover(tmp_path).find("mine")


def test_restoring_leaves_the_workspaces_modules_alone(kept, tmp_path):
    version = kept(1)
    kept(2, "newer")
    catalogue = discover(tmp_path)
    module = sys.modules[f"{PACKAGE}.mine.parts.inner"]

    restore(version, "mine")

    assert sys.modules[f"{PACKAGE}.mine.parts.inner"] is module
    assert type(catalogue.find("mine")).__module__ == f"{PACKAGE}.mine.parts.inner"
    assert not list(version.rglob("__pycache__"))


def test_pickles_find_their_classes_where_only_the_version_is(kept, tmp_path):
    version = kept()
    model = discover(tmp_path).find("mine").train(None, None)
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    program = f"""
import pickle, sys
from pathlib import Path
from minerva.layers.abstraction.plugins.snapshot import restore
algorithm = restore(Path({str(version)!r}), "mine")
model = pickle.loads(Path({str(tmp_path / "model.pickle")!r}).read_bytes())
assert type(model) is type(algorithm.train(None, None)), type(model)
again = pickle.loads(pickle.dumps(model))
assert type(again) is type(model)
print(type(model).__module__)
"""

    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("minerva_version_")
    assert done.stdout.endswith(".mine.parts.inner\n")


def test_a_class_imported_late_is_found_under_the_pickled_name(tmp_path):
    plugin = tmp_path / "version" / "plugin" / "late"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text(PLUGIN.format(answer=1))
    (plugin / "later.py").write_text("class Thing: pass")
    forget(f"{PACKAGE}.late")
    restore(tmp_path / "version", "mine")

    thing = pickle.loads(b"cminerva_plugins.late.later\nThing\n.")

    assert thing.__name__ == "Thing"
    forget(f"{PACKAGE}.late")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("import gone_library", "ModuleNotFoundError"),
        ("raise SystemExit", "SystemExit"),
        ("raise OSError('x')", "OSError"),
    ],
)
def test_a_copy_that_cannot_be_imported_is_the_algorithms_failure(tmp_path, text, kind):
    (tmp_path / "plugin").mkdir()
    (tmp_path / "plugin" / "mine.py").write_text(text)

    with capture_logs() as events, pytest.raises(AlgorithmFailed, match=kind):
        restore(tmp_path, "mine")

    assert [event["event"] for event in events] == ["plugin.not_restored"]
    assert type(events[0]["exc_info"]).__name__ == kind


@pytest.mark.parametrize("content", [{}, {"a.py": "", "b.py": ""}])
def test_a_version_without_one_plugin_is_refused(tmp_path, content):
    (tmp_path / "plugin").mkdir()
    for name, text in content.items():
        (tmp_path / "plugin" / name).write_text(text)

    with pytest.raises(Conflict, match="holds no copy"):
        restore(tmp_path, "mine")


def test_a_link_in_a_copy_is_refused(tmp_path):
    plugin = tmp_path / "plugin" / "mine"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text("")
    (plugin / "passwd").symlink_to("/etc/passwd")

    with pytest.raises(Conflict, match="link"):
        restore(tmp_path, "mine")


def test_another_algorithm_is_not_in_the_copy(kept):
    with pytest.raises(Conflict, match="no algorithm 'other'"):
        restore(kept(), "other")
