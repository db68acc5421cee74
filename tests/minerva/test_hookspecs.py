"""The page about hooks says what the specification says, and every hook has a real use."""

import inspect
import re
from pathlib import Path

import pytest

from minerva import events, hookspecs
from minerva.layers.abstraction.callbacks import callbacks, health
from minerva.layers.abstraction.plugins.catalogue import discover

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
HOOKS = {
    name: function
    for name, function in vars(hookspecs).items()
    if name.startswith("minerva_") and hasattr(function, "minerva_spec")
}


def section(name: str) -> str:
    """Return what the page should say of a hook, to be pasted there when a test fails."""
    text = inspect.getdoc(HOOKS[name])
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    parts = [line for part in paragraphs for line in listed(part)]
    arguments = ", ".join(inspect.signature(HOOKS[name]).parameters)
    return "\n".join([f"### `{name}({arguments})`", "", *parts])


def listed(paragraph: str) -> list[str]:
    """Return a paragraph, or the list of its parts `When: …`, `Where: …`."""
    titles = r"(?:^|(?<=[.] ))(When, where, an exception|When|Where|Result|An exception): "
    pieces = re.split(titles, paragraph)
    if len(pieces) == 1:
        return [paragraph, ""]
    pairs = zip(pieces[1::2], pieces[2::2], strict=True)
    return [*(f"* **{title}**: {text.strip()}" for title, text in pairs), ""]


@pytest.mark.parametrize("name", HOOKS)
def test_the_page_says_of_each_hook_what_the_specification_says(name):
    assert section(name).strip() in PAGE


def test_the_page_describes_no_other_hook():
    assert re.findall(r"^### `(\w+)", PAGE, re.MULTILINE) == list(HOOKS)


@pytest.mark.parametrize("name", HOOKS)
def test_the_specification_says_when_where_and_what_an_exception_does(name):
    text = inspect.getdoc(HOOKS[name])
    assert "When" in text
    assert re.search("where", text, re.IGNORECASE)
    assert re.search("an exception", text, re.IGNORECASE)


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_has_a_real_use_in_the_repository(name, tmp_path):
    example = discover(ROOT / "examples" / "telco")
    used = {hook for one in example.plugins for hook in [h.name for h in one.hooks]}

    kinds = {"minerva_job_kinds"} if any(one.job_kinds for one in example.plugins) else set()
    steps = {"minerva_steps"} if any(one.steps for one in example.plugins) else set()
    assert name in used | kinds | steps | {"minerva_algorithms"}


def told() -> list[type]:
    """Return the kinds of things that hooks are told."""
    return [
        kind for kind in vars(events).values() if getattr(kind, "__module__", "") == events.__name__
    ]


@pytest.mark.parametrize("kind", told())
def test_the_page_lists_what_each_argument_holds(kind):
    fields = getattr(kind, "__struct_fields__", None) or [
        name for name, value in vars(kind).items() if isinstance(value, property)
    ]
    members = ", ".join(f"`{name}`" for name in fields)

    assert f"| `{kind.__name__}` | {members} |" in PAGE


def test_the_numbers_on_the_page_are_those_of_the_code():
    budgets = callbacks.Budgets()
    assert f"{budgets.before_predict * 1000:g} ms" in PAGE
    assert f"{budgets.after_predict:g} s" in PAGE
    assert f"{budgets.event:g} s" in PAGE
    assert health.MOST_IN_A_ROW == 5
    assert "five times in a row" in PAGE
