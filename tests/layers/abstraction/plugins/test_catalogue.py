"""Discovery: which algorithms there are, and that a broken plugin harms only itself."""

import importlib
import io
import pickle
import shutil
from importlib.metadata import version

import pytest
from structlog.testing import capture_logs
from tiny import PLUGINS

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.plugins.catalogue import discover, provenance
from minerva.layers.abstraction.plugins.source import code_digest

ALGORITHM = """
from minerva import Algorithm, hookimpl

class Mine(Algorithm):
    name = {name!r}
    def train(self, data, context): ...
    def load(self, folder, context): ...

@hookimpl
def minerva_algorithms():
    return {returned}
"""


def plugin(name: str = "mine", returned: str = "[Mine()]") -> str:
    """Return the text of a plugin with one algorithm."""
    return ALGORITHM.format(name=name, returned=returned)


@pytest.fixture
def found(tmp_path):
    """Write plugins, file name → text, and discover them."""

    def discovered(files: dict[str, str]):
        for name, text in files.items():
            path = tmp_path / "plugins" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return discover(tmp_path)

    return discovered


def ours(catalogue) -> dict[str, str]:
    """Return algorithm → plugin, of the workspace's plugins."""
    origins = catalogue.origins.items()
    return {name: origin for name, origin in origins if origin.startswith("plugins/")}


def test_installed_plugins_are_found_without_a_workspace(tmp_path):
    catalogue = discover(tmp_path)

    assert {"constant", "rules", "xgboost.classifier"} <= set(catalogue.algorithms)
    assert catalogue.problems == ()
    assert list(catalogue.algorithms) == sorted(catalogue.algorithms)


def test_a_file_in_the_folder_is_a_plugin(found):
    catalogue = found({"mine.py": plugin()})

    assert ours(catalogue) == {"mine": "plugins/mine.py"}
    assert catalogue.find("mine").name == "mine"


def test_a_package_in_the_folder_is_a_plugin_with_modules_of_its_own(found):
    catalogue = found(
        {
            "mine/__init__.py": "from .inner import minerva_algorithms",
            "mine/inner.py": plugin(),
        }
    )

    assert ours(catalogue) == {"mine": "plugins/mine"}


@pytest.mark.parametrize("name", ["_private.py", ".hidden.py", "notes.txt", "empty/data.csv"])
def test_other_files_are_no_plugins(found, name):
    assert ours(found({name: plugin()})) == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def broken(:", "SyntaxError: "),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("exit()", "SystemExit: None"),
        ("import sys; del sys.modules[__name__]; 1 / 0", "ZeroDivisionError"),
        (plugin(returned="None"), "TypeError: 'NoneType' object is not iterable"),
        (plugin(returned="5"), "TypeError: 'int' object is not iterable"),
        (plugin(returned="[Mine]"), "TypeError: minerva_algorithms returned ABCMeta, not an Alg"),
        (plugin(returned="['mine']"), "TypeError: minerva_algorithms returned str, not an Algor"),
        (plugin(returned="1 / 0"), "ZeroDivisionError: division by zero"),
        (plugin(returned="exit()"), "SystemExit: None"),
        (plugin(returned="(1 / 0 for _ in range(3))"), "ZeroDivisionError: division by zero"),
        (plugin(name=5), "TypeError: Mine has no text as its name"),
        (plugin(name=""), "TypeError: Mine has no text as its name"),
        (plugin().replace("    name =", "    title ="), "TypeError: Mine has no text as its"),
        (
            plugin().replace("minerva_algorithms()", "minerva_algorithms(web)"),
            "PluginValidationErr",
        ),
    ],
)
def test_a_broken_plugin_harms_only_itself(found, text, problem):
    with capture_logs() as events:
        catalogue = found({"broken.py": text, "fine.py": plugin("fine")})

    assert ours(catalogue) == {"fine": "plugins/fine.py"}
    assert "constant" in catalogue.algorithms
    (fault,) = catalogue.problems
    assert fault.where == "plugins/broken.py"
    assert fault.message.startswith(problem)
    assert [(event["event"], event["plugin"]) for event in events] == [
        ("plugin.failed", "plugins/broken.py"),
        ("plugin.loaded", "plugins/fine.py"),
    ]


def test_the_first_of_two_algorithms_of_one_name_stays(found):
    catalogue = found({"a.py": plugin("same"), "b.py": plugin("same")})

    assert ours(catalogue) == {"same": "plugins/a.py"}
    assert [str(fault) for fault in catalogue.problems] == [
        "plugins/b.py: algorithm 'same' comes from plugins/a.py already"
    ]


def test_the_workspace_goes_before_what_is_installed(found):
    catalogue = found({"mine.py": plugin("constant")})

    assert ours(catalogue) == {"constant": "plugins/mine.py"}
    assert [str(fault) for fault in catalogue.problems] == [
        "constant: algorithm 'constant' comes from plugins/mine.py already"
    ]


def test_a_plugin_that_was_mended_is_read_anew(found):
    assert ours(found({"mine.py": "1 / 0"})) == {}

    assert ours(found({"mine.py": plugin()})) == {"mine": "plugins/mine.py"}


def test_an_algorithm_that_does_not_exist_is_answered_with_what_does(found):
    catalogue = found({"mine.py": plugin()})

    with pytest.raises(InvalidConfiguration, match="'mime'; did you mean 'mine'"):
        catalogue.find("mime")
    with pytest.raises(InvalidConfiguration, match=r"there are: .*constant") as caught:
        catalogue.find("something else")
    assert caught.value.faults[0].where == "/algorithm"


def test_what_a_plugin_pickles_can_be_read_back(tmp_path):
    """Libraries such as joblib read with the unpickler that is written in Python."""
    shutil.copytree(PLUGINS, tmp_path / "plugins")
    model = type(discover(tmp_path).find("mean")).train.__globals__["MeanModel"](1.5, "y")

    again = pickle._Unpickler(io.BytesIO(pickle.dumps(model))).load()

    assert again.answer == 1.5


def test_the_catalogue_says_where_everything_comes_from(found):
    catalogue = found({"mine.py": plugin(), "broken.py": "import no_such_library"})

    described = {one["plugin"]: one for one in catalogue.describe()}
    source = catalogue.source_of("mine")

    assert described["plugins/mine.py"] == {
        "plugin": "plugins/mine.py",
        "kind": "workspace",
        "state": "ok",
        "algorithms": ["mine"],
        "job_kinds": [],
        "steps": [],
        "hooks": [],
        "digest": source.digest,
        "distribution": None,
        "version": None,
        "problem": None,
        "hint": None,
    }
    assert described["plugins/broken.py"]["state"] == "broken"
    assert "`requirements`" in described["plugins/broken.py"]["hint"]
    assert described["constant"]["kind"] == "installed"
    assert catalogue.source_of("constant") is None
    assert catalogue.source_of("nothing") is None


def test_a_manifest_is_told_the_provenance_of_an_algorithm(found):
    catalogue = found({"mine.py": plugin()})

    assert provenance(catalogue, "mine") == {
        "plugin": "plugins/mine.py",
        "digest": catalogue.source_of("mine").digest,
    }
    assert provenance(catalogue, "constant") == {
        "plugin": "constant",
        "distribution": "minerva-sidecar",
        "version": version("minerva-sidecar"),
        "digest": code_digest("minerva.layers.application.constant"),
    }
    assert provenance(catalogue, "nothing") == {}


def test_the_code_of_an_installed_algorithm_is_known_by_its_digest(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    for place, text in (("one", "A = 1"), ("two", "A = 1"), ("three", "A = 2")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "__init__.py").write_text("")
        (tmp_path / place / "code.py").write_text(text)
        importlib.import_module(f"{place}.code")

    one, two, three = (code_digest(f"{place}.code") for place in ("one", "two", "three"))

    assert one == two != three
    assert code_digest("builtins") is None


def test_equal_sources_have_equal_digests_wherever_they_lie(tmp_path):
    for place in ("here", "there"):
        (tmp_path / place / "plugins").mkdir(parents=True)
        (tmp_path / place / "plugins" / "mine.py").write_text(plugin())

    here, there = (discover(tmp_path / place).source_of("mine") for place in ("here", "there"))

    assert here.digest == there.digest


def test_who_misses_an_algorithm_is_told_of_broken_plugins(found):
    catalogue = found({"mine.py": "1 / 0"})

    with pytest.raises(InvalidConfiguration, match=r"a plugin that is broken .*plugins/mine\.py"):
        catalogue.find("mine")


HOOK = """
from minerva import hookimpl

@hookimpl({how})
def minerva_drift(drift): ...
"""


def test_hooks_are_ordered_by_their_wish_then_workspace_before_installed_then_name(found):
    catalogue = found(
        {
            "a.py": HOOK.format(how="trylast=True"),
            "b.py": HOOK.format(how=""),
            "c.py": HOOK.format(how="tryfirst=True"),
            "d.py": HOOK.format(how=""),
        }
    )

    assert [hook.plugin for hook in catalogue.hooks()["minerva_drift"]] == [
        "plugins/c.py", "plugins/b.py", "plugins/d.py", "audit", "plugins/a.py",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HOOK.format(how="").replace("drift", "drifts"), "PluginValidationError"),
        (
            HOOK.format(how="wrapper=True").replace("...", "yield"),
            "TypeError: minerva_drift is a wr",
        ),
    ],
)
def test_a_hook_that_is_none_is_reported(found, text, problem):
    (fault,) = found({"mine.py": text}).problems

    assert fault.message.startswith(problem)


def test_an_optional_hook_may_be_of_another_release(found):
    text = HOOK.format(how="optionalhook=True").replace("minerva_drift", "minerva_of_tomorrow")

    assert found({"mine.py": text}).problems == ()
