"""House rules that no linter knows. Which module may import which is held by import-linter."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = ("minerva", "layers", "adapters", "legacy_stub", "examples", "benchmarks")
MOST_LINES_OF_A_FILE = 400
MOST_LINES_OF_A_FUNCTION = 40
NO_NOUNS_OF_THE_DOMAIN = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"}
FILES = sorted(
    {
        file.resolve()
        for folder in (*PRODUCT, "tests")
        for file in (ROOT / folder).rglob("*.py")
        if ".minerva" not in file.parts
    }
)


@cache
def parsed(file: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(file.read_text(encoding="utf-8"))


def product_files() -> Iterator[Path]:
    """Files that are not tests."""
    return (file for file in FILES if file.relative_to(ROOT).parts[0] != "tests")


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, inner ones too."""
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of its own: neither docstring nor functions inside it, such as a blueprint's views."""
    inner = [node for node in function.body if isinstance(node, ast.FunctionDef)]
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        inner.append(first)
    return lines_of(function) - sum(map(lines_of, inner))


def lines_of(node: ast.stmt) -> int:
    """Lines from its first to its last."""
    return (node.end_lineno or 0) - node.lineno + 1


def where(file: Path, line: int = 1) -> str:
    """How an editor finds it."""
    return f"{file.relative_to(ROOT)}:{line}"


def test_there_is_something_to_look_at():
    assert len(FILES) > 100


def test_no_file_is_longer_than_a_reader_likes():
    sizes = {where(file): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert {file: size for file, size in sizes.items() if size > MOST_LINES_OF_A_FILE} == {}


def test_no_function_is_longer_than_a_screen():
    sizes = {
        where(file, function.lineno): code_lines(function)
        for file in product_files()
        if "migrations" not in file.parts  # a list of columns, and never read again
        for function in functions(file)
    }
    assert {place: size for place, size in sizes.items() if size > MOST_LINES_OF_A_FUNCTION} == {}


def test_modules_are_nouns_of_the_domain():
    named_badly = [where(file) for file in FILES if file.stem in NO_NOUNS_OF_THE_DOMAIN]
    assert named_badly == []


def test_every_module_says_what_it_is_for():
    silent = [where(file) for file in FILES if not ast.get_docstring(parsed(file))]
    assert silent == []


def test_no_module_of_the_product_does_work_when_it_is_imported():
    """At its top level a module defines; a call that stands alone there does something."""
    working = [
        where(file, node.lineno)
        for file in product_files()
        for node in parsed(file).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        if file.name != "__main__.py"
        if "migrations" not in file.parts  # Alembic runs its env.py
    ]
    assert working == []


@pytest.mark.parametrize("word", ["skip", "xfail"])
def test_tests_are_left_out_only_where_a_program_of_the_system_is_missing(word):
    """The rule for browsers and servers stands in a fixture, which insists on them under CI."""
    allowed = {"conftest.py", "test_browser.py"}
    marked = [
        where(file, node.lineno)
        for file in FILES
        if file.name not in allowed
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Attribute) and node.attr in {word, f"{word}if"}
        if isinstance(node.value, ast.Name | ast.Attribute)
        if getattr(node.value, "id", getattr(node.value, "attr", "")) in {"pytest", "mark"}
    ]
    assert marked == []
