"""A runner that does as it is told: by the book, or wrong in the one way that the file $MODE names.

A mode is `<request>:<way>`, such as `predict:late`. Its process ids are appended to $PIDS.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys

OUT = sys.stdout.buffer


def say(text):
    OUT.write(text if isinstance(text, bytes) else text.encode())
    OUT.flush()


def line(**message):
    return json.dumps(message) + "\n"


def told(name):
    path = pathlib.Path(os.environ.get(name, "/nowhere"))
    return path.read_text() if path.exists() else ""


def remember(pid):
    if path := os.environ.get("PIDS"):
        with pathlib.Path(path).open("a") as file:
            file.write(f"{pid}\n")


class Stub:
    def __init__(self):
        self.schema = self.saved = None
        self.capabilities = os.environ.get("CAPABILITIES", "train predict explain").split()

    def result(self, request):
        kind = request["type"]
        if kind == "hello":
            limit = int(os.environ.get("MAX_LINE", "67108864"))
            return {
                "protocol": 1, "name": "stub", "version": "1", "capabilities": self.capabilities,
                "max_line": limit,
            }  # fmt: skip
        if kind == "train":
            say(line(id=request["id"], progress=0.5, message="half\nway"))
            lines = pathlib.Path(request["data"]).read_text().splitlines()
            facts = {**request, "lines": [json.loads(text) for text in lines]}
            pathlib.Path(request["folder"], "facts.json").write_text(json.dumps(facts))
            return {}
        if kind == "load":
            self.schema = request["schema"]
            return {}
        return {"predict": self.predict, "explain": self.explain, "bye": lambda _: {}}[kind](
            request
        )

    def predict(self, request):
        rows = request["rows"]
        xs = [x or 0 for x in request["columns"]["x"]]
        answers = {
            "category": [[0.25, 0.75]] * rows,
            "boolean": [0.5] * rows,
            "number": xs,
            "integer": xs,
        }
        fields = self.schema["output"]
        return {"predictions": {field["name"]: answers[field["type"]] for field in fields}}

    def explain(self, request):
        return {"contributions": {name: [1] * request["rows"] for name in request["columns"]}}


def misbehave(way, request, good):
    number = request["id"]
    match way:
        case "wrong_id":
            say(line(id=number + 1, result=good))
        case "late" | "deaf":
            signal.pause()
        case "twice":
            say(line(id=number, result=good) * 2)
        case "chunks":
            for byte in line(id=number, result=good).encode():
                say(bytes([byte]))
        case "blanks":
            say(" " + line(id=number, result=good).replace("\n", " \r\n"))
        case "invalid_utf8":
            say(line(id=number, result=good).encode().replace(b"result", b"re\xffult"))
        case "endless":
            while True:
                say(b"a" * (1 << 20))
        case "exit":
            sys.exit(3)
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "close":
            os.close(1)
            signal.pause()
        case "junk":
            say("Loading required package: stats\n" + line(id=number, result=good))
        case "family":
            child = subprocess.Popen(["sleep", "1000"])
            remember(child.pid)
            say(line(id=number + 1, result=good))
        case "afterwards":
            say(line(id=number, result=good) + "by the way\n")
        case "refuse":
            say(line(id=number, error={"code": "failed", "message": "the secret is 42"}))
        case "invalid_data":
            say(line(id=number, error={"code": "invalid_data", "message": "too few\nrecords"}))
        case "link":
            pathlib.Path(request["folder"], "link").symlink_to("/etc/passwd")
            say(line(id=number, result={}))
        case "nothing":
            say(line(id=number, result={}))
        case _:  # literally: an answer, with # for the id
            say(way.replace("#", str(number)) + "\n")


def main():
    remember(os.getpid())
    stub = Stub()
    if told("MODE") == "start:deaf":
        signal.pause()
    for text in sys.stdin:
        request = json.loads(text)
        good = stub.result(request)
        mode = told("MODE")
        stage, _, way = mode.partition(":")
        if stage == request["type"]:
            misbehave(way, request, good)
        else:
            say(line(id=request["id"], result=good))
        if request["type"] == "bye":
            return
        if mode == "then:deaf":
            signal.pause()


if __name__ == "__main__":
    main()
