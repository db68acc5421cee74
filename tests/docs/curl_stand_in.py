"""What the documents use of curl: `-s`, `-H`, `-X`, `-d`, `--data-binary` and an address."""

import argparse
import sys
import urllib.error
import urllib.request
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("-s", action="store_true")
parser.add_argument("-H", action="append", default=[])
parser.add_argument("-X")
parser.add_argument("-d", "--data-binary", dest="body")
parser.add_argument("url")
asked = parser.parse_args()
headers = dict(header.split(": ", 1) for header in asked.H)
body = None
if asked.body is not None:
    file = asked.body.removeprefix("@")
    body = Path(file).read_bytes() if file != asked.body else asked.body.encode()
try:
    answer = urllib.request.urlopen(
        urllib.request.Request(asked.url, body, headers, method=asked.X)
    )
except urllib.error.HTTPError as error:
    answer = error
sys.stdout.write(answer.read().decode())
