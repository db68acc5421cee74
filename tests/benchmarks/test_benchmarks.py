"""The benchmarks: each is run by `make bench`, listed, and tells what repeats its figures."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the folder, or with a name that is none the runner."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def measuring() -> set[str]:
    """The scripts that measure: they say how to run them, with an argument or without."""
    scripts = {file.stem: file.read_text(encoding="utf-8") for file in FOLDER.glob("*.py")}
    packages = {file.parent.name: file.read_text("utf-8") for file in FOLDER.glob("*/__main__.py")}
    return {
        name
        for name, text in (scripts | packages).items()
        if re.search(rf"^Run: .*python (benchmarks/{name}\.py|-m {name})", text, re.MULTILINE)
        if name != "plot"  # draws what was measured
    }


def test_a_benchmark_that_is_not_there_is_misuse_and_the_others_are_named():
    done = run("benchmarks", "nothing")
    assert done.returncode == 2
    assert "There is no benchmark nothing" in done.stderr
    assert done.stdout == ""


def test_the_runner_knows_every_benchmark():
    told = run("benchmarks", "nothing").stderr
    named = set(told.partition("there are: ")[2].strip().rstrip(".").split(", "))
    assert named == measuring()


def test_every_benchmark_is_listed_with_its_section():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)(?:\.py|/)`", text, re.MULTILINE))
    assert listed == measuring()


def test_every_section_of_figures_names_its_command_and_every_command_its_figures():
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    named = set()
    for section in page.split("\n## ")[1:]:
        commands = re.findall(r"`make bench ONLY=(\w+)`", section)
        assert commands, section.partition("\n")[0]
        named.update(commands)
    assert named == measuring()


def test_the_list_names_sections_that_there_are():
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    listed = re.findall(
        r"^\| `\w+(?:\.py|/)` \|.*\| (.+) \|$",
        (FOLDER / "README.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert set(listed) == set(re.findall(r"^## (.+)$", page, re.MULTILINE))


def test_a_short_benchmark_runs_alone_and_prints_its_table():
    done = run("benchmarks/process_runtime.py", "100")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^added\s+-?\d+\s+-?\d+$", done.stdout, re.MULTILINE)
