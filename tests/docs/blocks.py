"""Runs the blocks of a document, in order, in a folder of its own, as a reader would.

`console`: lines with `$ ` are commands; what follows is the output to expect, or nothing, then only the
exit code counts. `…` stands for anything. `minerva up` goes on until the end of the document.
`python`: a script. A block below `<!-- file: NAME -->` is written to NAME instead.
`yaml`, `toml`, `json`: must at least be that. Anything else is for the eye.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import yaml
from sybil import Document, Example, Region, Sybil
from waiting import wait_until

FENCED = re.compile(
    r"(?:^<!-- file: (?P<file>\S+) -->\n+)?^```(?P<language>\w+)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
WITHIN_S = 400
READ: dict[str, Callable[[str], object]] = {
    "yaml": yaml.safe_load,
    "toml": tomllib.loads,
    "json": json.loads,
}


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    language: str
    file: str | None
    body: str


@dataclass(frozen=True)
class Command:
    """A line that somebody types, and what they should see then; None: whatever it is."""

    line: str
    expected: str | None


def blocks(document: Document) -> Iterator[Region]:
    """Find the blocks of a document, for Sybil."""
    for match in FENCED.finditer(document.text):
        block = Block(match["language"], match["file"], match["body"])
        yield Region(match.start(), match.end(), block, _evaluate)


def run_document(path: Path, reader: Reader) -> int:
    """Run all blocks of a file; return how many there were."""
    document = Sybil(parsers=[blocks], pattern=path.name, path=str(path.parent)).parse(path)
    document.namespace["reader"] = reader
    examples = list(document.examples())
    for example in examples:
        example.evaluate()
    return len(examples)


def commands(body: str) -> Iterator[Command]:
    """Take a console block apart."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, _, rest = part.partition("\n")
        while rest.startswith("> "):
            more, _, rest = rest[2:].partition("\n")
            line += "\n" + more
        yield Command(line, rest.strip() or None)


def matches(expected: str, text: str) -> bool:
    """Whether `text` holds the expected lines in this order; `…` stands for anything."""
    pattern = re.escape(_plain(expected)).replace("…", ".*")
    return re.search(pattern, _plain(text), re.DOTALL) is not None


def _plain(text: str) -> str:
    """Spaces and empty lines are a matter of the terminal's width."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _evaluate(example: Example) -> str | None:
    block: Block = example.parsed
    reader: Reader = example.namespace["reader"]
    try:
        reader.follow(block)
    except Exception as error:
        raise AssertionError(f"{Path(example.path).name}:{example.line}: {error}") from error
    return None


@dataclass
class Reader:
    """Somebody at a terminal, who does in `folder` what a document says."""

    home: Path
    port: int
    folder: Path = field(init=False)
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = self.home / "work"
        self.folder.mkdir()
        if shutil.which("curl") is None:
            _put_stand_in(self.home / "curl")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            process.terminate()
            process.wait(WITHIN_S)

    def follow(self, block: Block) -> None:
        """Do what one block says."""
        body = block.body.replace("8080", str(self.port))
        if block.file is not None:
            target = self.folder / block.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(body, encoding="utf-8")
        elif block.language == "console":
            for command in commands(body):
                shown = self._type(command.line)
                if command.expected is not None and not matches(command.expected, shown):
                    raise AssertionError(f"$ {command.line}\nshowed\n{shown}")
        elif block.language == "python":
            self._run([sys.executable, "-c", body])
        elif block.language in READ:
            READ[block.language](body)

    def _type(self, line: str) -> str:
        """Return what the terminal shows."""
        if line.startswith("minerva up"):
            return self._start(line.split())
        here = self.home / "here"
        shown = self._run(["bash", "-c", f"set -e\n{line}\npwd > {here}"])
        self.folder = Path(here.read_text().strip())
        if line.startswith("minerva train"):
            self._until_served(line.split()[2])
        return shown

    def _until_served(self, service: str) -> None:
        """A person reads what a training came to; by then the web worker has loaded the version."""

        def served() -> bool:
            found = json.loads(self._run(["minerva", "services", "--json"]))["services"]
            return any(one["service"] == service and one["version"] for one in found)

        wait_until(served, WITHIN_S, what=f"{service} is served")

    def _start(self, words: list[str]) -> str:
        """Start what goes on, and wait until it is ready."""
        shown = self.home / f"up-{len(self._started)}.out"
        with shown.open("wb") as output:
            process = subprocess.Popen(
                words, cwd=self.folder, env=self._environment(), stdout=output, stderr=output
            )
        self._started.append(process)

        def told() -> str:
            return f"{words} has started:\n{shown.read_text()}"

        wait_until(
            lambda: "sidecar is ready" in told() or process.poll() is not None, WITHIN_S, what=told
        )
        if process.poll() is not None:
            raise AssertionError(f"{words} ended:\n{shown.read_text()}")
        return shown.read_text()

    def _run(self, arguments: list[str]) -> str:
        done = subprocess.run(
            arguments,
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        if done.returncode != 0:
            raise AssertionError(f"{arguments[-1]}\nended with {done.returncode}:\n{done.stdout}")
        return done.stdout

    def _environment(self) -> dict[str, str]:
        programs = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}:{self.home}"
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("MINERVA_", "LEGACY_"))}
        own = {"MINERVA_PORT": str(self.port), "MINERVA_WEB_WORKERS": "1", "COLUMNS": "160"}
        return {**kept, **own, "PATH": programs}


def _put_stand_in(program: Path) -> None:
    """Where there is no `curl`, a few lines of Python do what the documents need of it."""
    code = (Path(__file__).parent / "curl_stand_in.py").read_text(encoding="utf-8")
    program.write_text(f"#!{sys.executable}\n{code}", encoding="utf-8")
    program.chmod(0o755)
