"""Plugins are imported as the platform does it, and their algorithms found again by a fresh process."""

import re
from pathlib import Path

import pytest

from minerva import Algorithm
from minerva.layers.application.constant import Constant
from minerva.testing.origin import find, origin_of
from minerva.testing.plugins import algorithms_in
from minerva.testing.verdict import Broken

MEAN = Path(__file__).parents[2] / "plugins" / "mean.py"


def test_a_plugin_is_found_again(tmp_path):
    (mean,) = algorithms_in(MEAN)

    origin = origin_of(mean)

    assert (origin.kind, origin.where, origin.name) == ("plugin", str(MEAN), "mean")
    assert find(origin).name == "mean"


def test_a_folder_is_a_plugin_too(tmp_path):
    folder = tmp_path / "several"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .part import minerva_algorithms\n")
    (folder / "part.py").write_text(MEAN.read_text())

    (mean,) = algorithms_in(folder)
    origin = origin_of(mean)

    assert (origin.kind, origin.where) == ("plugin", str(folder))
    assert origin.home == folder
    assert find(origin).name == "mean"


def test_an_edited_copy_elsewhere_is_another_plugin(tmp_path):
    algorithms_in(MEAN)
    copy = tmp_path / "mean.py"
    copy.write_text(MEAN.read_text().replace('"mean"', '"other"'))

    assert [one.name for one in algorithms_in(copy)] == ["other"]


def test_an_installed_class_is_found_by_its_module():
    origin = origin_of(Constant())

    assert (origin.kind, origin.where) == ("class", "minerva.layers.application.constant")
    assert isinstance(find(origin), Constant)


def test_a_class_inside_a_function_is_refused():
    class Local(Algorithm):
        name = "local"
        train = load = None

    with pytest.raises(Broken, match=r"cannot be found by a fresh process\. Define it at the top"):
        origin_of(Local())


BROKEN = {
    "nothing = 1\n": r"plugin.py has no function minerva_algorithms. Add `@minerva.hookimpl",
    "def minerva_algorithms():\n    return []\n": r"is not marked as a hook. Add `@minerva.hookimpl",
    "def broken(:\n": r"plugin.py, line 1 is no Python: .* Mend that line",
    "\nimport no_such_library.part\n": (
        r"Importing plugin.py, line 2 raised ModuleNotFoundError .* Import no_such_library inside the "
        "methods and name it in `requirements`"
    ),
    "1 / 0\n": r"Importing plugin.py, line 1 raised ZeroDivisionError .* Do nothing at import",
    "import sys\nsys.exit('bye')\n": r"Importing plugin.py, line 2 raised SystemExit \(bye\)",
    "import minerva\n@minerva.hookimpl\ndef minerva_algorithms():\n    return [1 / 0]\n": (
        "minerva_algorithms of plugin.py raised ZeroDivisionError"
    ),
    "import minerva\n@minerva.hookimpl\ndef minerva_algorithms():\n    return [minerva.Algorithm]\n": (
        "returned Algorithm, which is no instance of minerva.Algorithm. Derive the class"
    ),
    "import minerva\nclass A(minerva.Algorithm):\n    train = load = None\n"
    "@minerva.hookimpl\ndef minerva_algorithms():\n    return [A()]\n": r'A has no name. Add `name = "…"`',
}


@pytest.mark.parametrize("text", BROKEN)
def test_what_cannot_be_imported_is_told_with_a_remedy(tmp_path, text):
    file = tmp_path / "plugin.py"
    file.write_text(text)

    with pytest.raises(Broken) as raised:
        algorithms_in(file)

    assert re.search(BROKEN[text], str(raised.value))


def test_a_name_that_changes_is_refused(tmp_path):
    (mean,) = algorithms_in(MEAN)
    origin = origin_of(mean)
    mean.name = "another"

    with pytest.raises(Broken, match="Give every algorithm the same name"):
        find(type(origin)(kind="plugin", where=origin.where, name="another"))
