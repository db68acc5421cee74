"""Every python and console block of README and docs does what it says, against a real sidecar."""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from blocks import Block, Reader, commands, matches, run_document

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("examples/**/*.md")]
)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_blocks_of_a_document_run_as_shown(path, tmp_path, free_port):
    fenced = path.read_text(encoding="utf-8").count("\n```") // 2
    with Reader(tmp_path, free_port()) as reader:
        assert run_document(path, reader) == fenced


@pytest.fixture
def reader(tmp_path):
    with Reader(tmp_path, 1) as made:
        yield made


def test_a_command_that_fails_is_noticed(reader):
    with pytest.raises(AssertionError, match="ended with 3"):
        reader.follow(Block("console", None, "$ exit 3\n"))


def test_output_that_differs_is_noticed(reader):
    with pytest.raises(AssertionError, match="showed\nyes"):
        reader.follow(Block("console", None, "$ echo yes\nno\n"))


def test_a_script_that_raises_is_noticed(reader):
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        reader.follow(Block("python", None, "1 / 0\n"))


def test_a_folder_is_kept_from_command_to_command(reader):
    reader.follow(Block("console", None, "$ mkdir shop\n$ cd shop\n$ pwd\n…/shop\n"))


def test_commands_are_told_from_their_output():
    first, second = commands("$ cat <<E\n> a\n> E\na\n\n$ true\n")
    assert (first.line, first.expected) == ("cat <<E\na\nE", "a")
    assert (second.line, second.expected) == ("true", None)


def test_an_ellipsis_stands_for_anything():
    assert matches("job … is\n…\ndone", "job 17 is\nrunning\nstill\ndone\n")
    assert not matches("job … is\ndone", "job 17 was\ndone\n")


def test_the_stand_in_for_curl_sends_what_it_is_told():
    class Echo(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(422)
            self.end_headers()
            self.wfile.write(self.headers["X-API-Key"].encode() + body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        program = [sys.executable, str(Path(__file__).parent / "curl_stand_in.py")]
        url = f"http://127.0.0.1:{server.server_port}"
        done = subprocess.run(
            [*program, "-s", url, "-H", "X-API-Key: mine", "-d", "{}"],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout == "mine{}"
