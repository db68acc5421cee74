"""Plugins while the process runs: dropped in, edited, broken, mended, taken away."""

import os
import sys
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from minerva.layers.abstraction.plugins.catalogue import Plugins
from minerva.layers.abstraction.plugins.discovery import Discovery

OLD = Path(__file__).parents[3] / "plugins" / "mean.py"
"""A plugin that was written long before this test began."""
PLUGIN = """
from minerva import Algorithm, hookimpl

class Mine(Algorithm):
    name = "mine"
    answer = {answer}
    def train(self, data, context): ...
    def load(self, folder, context): ...

@hookimpl
def minerva_algorithms():
    return [Mine()]
"""


def plugin(answer: object = 1) -> str:
    """Return the text of a plugin; texts with one-digit answers are of one size."""
    return PLUGIN.format(answer=answer)


@pytest.fixture
def folder(tmp_path) -> Path:
    """The workspace's plugins."""
    made = tmp_path / "plugins"
    made.mkdir()
    return made


@pytest.fixture
def plugins(folder) -> Plugins:
    """The plugins of the workspace, looked at once."""
    found = Plugins(folder.parent)
    found()
    return found


def names(events) -> list[tuple[str, str]]:
    """Return event and plugin of the log's lines."""
    return [(event["event"], event["plugin"]) for event in events]


def test_a_file_dropped_in_is_found_at_the_next_look(plugins, folder):
    (folder / "mine.py").write_text(plugin())
    assert "mine" not in plugins().algorithms

    with capture_logs() as events:
        assert plugins.refresh()

    assert plugins().find("mine").answer == 1
    assert names(events) == [("plugin.loaded", "plugins/mine.py")]


def test_nothing_is_done_while_nothing_changes(plugins, folder):
    (folder / "mine.py").write_text(plugin())
    plugins.refresh()
    before = plugins()

    with capture_logs() as events:
        assert not plugins.refresh()
        assert not plugins.refresh()

    assert plugins() is before
    assert events == []


@pytest.mark.parametrize("same_times", [False, True])
def test_an_edit_of_the_same_size_within_the_same_second_is_seen(plugins, folder, same_times):
    file = folder / "mine.py"
    file.write_text(plugin(1))
    plugins.refresh()
    before = plugins().find("mine")
    times = file.stat()

    file.write_text(plugin(2))
    if same_times:
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    with capture_logs() as events:
        assert plugins.refresh()

    assert (before.answer, plugins().find("mine").answer) == (1, 2)
    assert names(events) == [("plugin.reloaded", "plugins/mine.py")]


def test_a_file_that_changed_long_ago_is_not_even_read(folder):
    (folder / "mean.py").symlink_to(OLD)
    discovery = Discovery(folder, lambda source: None)
    with discovery.lock:
        discovery.look()
        before = discovery._known["plugins/mean.py"]

        assert not discovery.look()

    assert discovery._known["plugins/mean.py"] is before


def test_a_touched_file_with_the_same_content_is_left_alone(plugins, folder):
    file = folder / "mine.py"
    file.write_text(plugin())
    plugins.refresh()
    before = plugins().find("mine")

    os.utime(file)

    assert not plugins.refresh()
    assert plugins().find("mine") is before


def test_a_module_of_a_folder_is_reloaded_with_it(plugins, folder):
    mine = folder / "mine"
    (mine / "deep").mkdir(parents=True)
    (mine / "__init__.py").write_text("from .deep.inner import minerva_algorithms")
    (mine / "deep" / "inner.py").write_text(plugin(1))
    plugins.refresh()
    assert plugins().find("mine").answer == 1

    (mine / "deep" / "inner.py").write_text(plugin(2))
    plugins.refresh()

    assert plugins().find("mine").answer == 2
    assert not list(mine.rglob("__pycache__"))


def test_what_is_imported_late_comes_from_the_same_reading(plugins, folder):
    mine = folder / "mine"
    mine.mkdir()
    (mine / "__init__.py").write_text(
        plugin("property(lambda self: __import__(__name__ + '.late', fromlist=['x']).x)")
    )
    (mine / "late.py").write_text("x = 1")
    plugins.refresh()

    (mine / "late.py").write_text("x = 2")

    assert plugins().find("mine").answer == 1


@pytest.mark.parametrize("name", [".hidden.py", "mine.py~", "mine.py.swp", "#mine.py#", "_x.py"])
def test_what_an_editor_leaves_is_no_change(plugins, folder, name):
    (folder / "mine").mkdir()
    (folder / "mine" / "__init__.py").write_text(plugin())
    plugins.refresh()

    (folder / name).write_text("1 / 0")
    if not name.startswith("_"):
        (folder / "mine" / name).write_text("1 / 0")
    (folder / "mine" / "__pycache__").mkdir()
    (folder / "mine" / "__pycache__" / "x.pyc").write_bytes(b"x")

    assert not plugins.refresh()
    assert plugins().problems == ()


def test_a_half_written_file_is_reported_once_and_mended_by_the_rest(plugins, folder):
    file = folder / "mine.py"
    file.write_text(plugin(1))
    plugins.refresh()

    file.write_text(plugin(2)[:-1] + "(")
    with capture_logs() as events:
        assert plugins.refresh()
        assert not plugins.refresh()

    assert names(events) == [("plugin.failed", "plugins/mine.py")]
    assert isinstance(events[0]["exc_info"], SyntaxError)
    assert "mine" not in plugins().algorithms
    assert plugins().problems[0].message.startswith("SyntaxError: ")

    file.write_text(plugin(2))
    plugins.refresh()

    assert plugins().find("mine").answer == 2
    assert plugins().problems == ()


def test_a_deleted_plugin_is_gone(plugins, folder):
    (folder / "mine.py").write_text(plugin())
    plugins.refresh()
    (folder / "mine.py").unlink()

    with capture_logs() as events:
        assert plugins.refresh()

    assert "mine" not in plugins().algorithms
    assert names(events) == [("plugin.gone", "plugins/mine.py")]
    assert "minerva_plugins.mine" not in sys.modules


def test_a_folder_that_goes_away_is_as_good_as_an_empty_one(plugins, folder):
    folder.rmdir()

    assert not plugins.refresh()
    assert "constant" in plugins().algorithms


def test_only_the_plugin_that_changed_is_imported_anew(plugins, folder):
    (folder / "a.py").write_text(plugin().replace('"mine"', '"a"'))
    (folder / "b.py").write_text(plugin().replace('"mine"', '"b"'))
    plugins.refresh()
    before = plugins()

    (folder / "b.py").write_text(plugin(2).replace('"mine"', '"b"'))
    plugins.refresh()

    assert plugins().find("a") is before.find("a")
    assert plugins().find("b") is not before.find("b")
    assert plugins().find("constant") is before.find("constant")


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named", "`requirements`"),
        ("def f(): f()\nf()", "RecursionError: ", "without end"),
        ("raise SystemExit", "SystemExit", "must not end the process"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "must not end the process"),
        ("raise type('Own', (BaseException,), {})('x')", "Own: x", "must not end the process"),
        ("class E(Exception):\n  def __str__(self): 1/0\nraise E", "E: (no message)", ""),
        ("from minerva import InvalidData\nraise InvalidData('Said so.')", "Said so.", ""),
    ],
)
def test_whatever_a_plugin_raises_is_reported_with_what_to_do(plugins, folder, text, problem, hint):
    (folder / "mine.py").write_text(text)

    plugins.refresh()

    (fault,) = plugins().problems
    assert fault.message.startswith(problem)
    assert hint in fault.message


def test_a_plugin_that_hangs_is_left_to_itself(folder):
    (folder / "mine.py").write_text("import threading; threading.Event().wait(60)")
    (folder / "other.py").write_text(plugin())
    discovery = Discovery(folder, lambda source: None, import_within_s=2)

    with discovery.lock:
        discovery.look()

    found = {one.name: one.problem for one in discovery.plugins()}
    assert found["plugins/mine.py"] == "TimeoutError: it was not imported within 2 s"
    assert found["plugins/other.py"] is None


def test_two_plugins_of_one_name_are_one_too_many(plugins, folder):
    (folder / "mine").mkdir()
    (folder / "mine" / "__init__.py").write_text(plugin(1))
    (folder / "mine.py").write_text(plugin(2))
    with capture_logs() as events:
        plugins.refresh()
        assert not plugins.refresh()

    assert plugins().find("mine").answer == 1
    assert [str(fault) for fault in plugins().problems] == [
        "plugins/mine.py: plugins/mine has the same name already: rename one of them."
    ]
    assert ("plugin.failed", "plugins/mine.py") in names(events)

    (folder / "mine" / "__init__.py").unlink()
    plugins.refresh()

    assert plugins().find("mine").answer == 2
    assert "minerva_plugins.mine" in sys.modules


@pytest.mark.parametrize("link", ["file", "folder"])
def test_a_link_that_leads_out_of_a_plugin_is_refused(plugins, folder, tmp_path, link):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("s3cret")
    mine = folder / "mine"
    mine.mkdir()
    (mine / "__init__.py").write_text(plugin())
    target = tmp_path / "secret"
    (mine / "linked").symlink_to(target / "key" if link == "file" else target)
    with capture_logs() as events:
        plugins.refresh()
        assert not plugins.refresh()

    assert "'mine/linked' is a link" in plugins().problems[0].message
    assert len(events) == 1

    (mine / "linked").unlink()
    plugins.refresh()

    assert "mine" in plugins().algorithms


def test_a_plugin_may_itself_be_a_link(plugins, folder, tmp_path):
    (tmp_path / "elsewhere.py").write_text(plugin(1))
    (folder / "mine.py").symlink_to(tmp_path / "elsewhere.py")
    plugins.refresh()

    (tmp_path / "elsewhere.py").write_text(plugin(2))
    plugins.refresh()

    assert plugins().find("mine").answer == 2


def test_a_plugin_that_holds_too_much_is_refused(plugins, folder):
    mine = folder / "mine"
    mine.mkdir()
    (mine / "__init__.py").write_text(plugin())
    with (mine / "model.bin").open("wb") as file:
        file.truncate(33 * 1024 * 1024)

    plugins.refresh()

    assert "more than 32 MiB" in plugins().problems[0].message


def test_a_pipe_in_a_plugin_holds_nobody_up(plugins, folder):
    mine = folder / "mine"
    mine.mkdir()
    (mine / "__init__.py").write_text(plugin())
    os.mkfifo(mine / "pipe")

    plugins.refresh()

    assert plugins().find("mine").answer == 1


def test_a_plugin_without_hooks_is_told_what_is_missing(plugins, folder):
    (folder / "mine.py").write_text(plugin().replace("@hookimpl", ""))

    plugins.refresh()

    (mine,) = [one for one in plugins().describe() if one["plugin"] == "plugins/mine.py"]
    assert (mine["state"], mine["algorithms"]) == ("ok", [])
    assert "@minerva.hookimpl" in mine["hint"]


def test_many_threads_may_look_at_once(folder):
    (folder / "mine.py").write_text(plugin(1))
    plugins = Plugins(folder.parent)
    seen = []

    def look():
        for answer in range(1, 6):
            plugins.refresh()
            seen.append(plugins().find("mine").answer in range(1, answer + 9))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for answer in range(2, 6):
        (folder / "new").write_text(plugin(answer))
        (folder / "new").replace(folder / "mine.py")
    for thread in threads:
        thread.join()
    plugins.refresh()

    assert seen == [True] * 20
    assert plugins().find("mine").answer == 5
