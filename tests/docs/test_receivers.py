"""The receivers' code in docs/webhooks.md accepts what Minerva signs, and nothing else."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from minerva.layers.abstraction.webhooks.signature import secret_text, signed_headers

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"
SECRET = bytes(range(32))

PYTHON = """
import json, sys
{code}
secret, headers, body = json.load(sys.stdin)
verified(secret, headers, body.encode())
"""
NODE = """
{code}
const [secret, headers, body] = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
verified(secret, headers, Buffer.from(body));
"""
PHP = """
{code}
[$secret, $headers, $body] = json_decode(stream_get_contents(STDIN), true);
verified($secret, $headers, $body);
"""
JAVA = """
{code}
class Main {{
    public static void main(String[] given) throws Exception {{
        Webhook.verify(given[0], Map.of("webhook-id", given[1], "webhook-timestamp", given[2],
            "webhook-signature", given[3]), given[4].getBytes(StandardCharsets.UTF_8));
    }}
}}
"""


def code(language: str) -> str:
    """The first block of a language in the page."""
    found = re.search(
        rf"^```{language}\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    return found[1]


def python(secret, headers, body, folder):
    program = [sys.executable, "-c", PYTHON.format(code=code("python"))]
    return subprocess.run(
        program, input=json.dumps([secret, headers, body]), text=True, check=False
    )


def node(secret, headers, body, folder):
    program = ["node", "-e", NODE.format(code=code("js"))]
    return subprocess.run(
        program, input=json.dumps([secret, headers, body]), text=True, check=False
    )


def php(secret, headers, body, folder):
    program = ["php", "-r", PHP.format(code=code("php"))]
    return subprocess.run(
        program, input=json.dumps([secret, headers, body]), text=True, check=False
    )


def java(secret, headers, body, folder):
    source = folder / "Main.java"
    text = JAVA.format(code=code("java"))
    # of a file that is run as it is, the first class is the program
    imports, _, rest = text.partition("class Webhook")
    webhook, _, main = rest.partition("class Main")
    source.write_text(f"{imports}class Main{main}\nclass Webhook{webhook}", encoding="utf-8")
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    given = [secret, *(headers[name] for name in names), body]
    options = ["-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-Dsun.jnu.encoding=UTF-8"]
    return subprocess.run(["java", *options, str(source), *given], check=False)


@pytest.mark.parametrize(
    "receive",
    [
        python,
        pytest.param(node, marks=pytest.mark.needs("node")),
        pytest.param(php, marks=pytest.mark.needs("php")),
        pytest.param(java, marks=pytest.mark.needs("java")),
    ],
)
def test_a_receiver_accepts_what_is_signed_and_nothing_else(receive, tmp_path):
    now = int(datetime.now(UTC).timestamp())
    secret, text = secret_text(SECRET), '{"type": "job.failed"}'
    headers = signed_headers(SECRET, "msg_1", now, text.encode())
    old = signed_headers(SECRET, "msg_1", now - 600, text.encode())
    other = signed_headers(SECRET[::-1], "msg_1", now, text.encode())

    ended = [
        receive(secret, given, body, tmp_path).returncode
        for given, body in ((headers, text), (old, text), (other, text), (headers, text + " "))
    ]

    assert ended[0] == 0
    assert 0 not in ended[1:]
