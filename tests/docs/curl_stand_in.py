"""What the documents use of curl: `-s`, `-H`, `-d` and an address."""

import argparse
import sys
import urllib.error
import urllib.request

parser = argparse.ArgumentParser()
parser.add_argument("-s", action="store_true")
parser.add_argument("-H", action="append", default=[])
parser.add_argument("-d")
parser.add_argument("url")
asked = parser.parse_args()
headers = dict(header.split(": ", 1) for header in asked.H)
body = asked.d.encode() if asked.d is not None else None
try:
    answer = urllib.request.urlopen(urllib.request.Request(asked.url, body, headers))
except urllib.error.HTTPError as error:
    answer = error
sys.stdout.write(answer.read().decode())
