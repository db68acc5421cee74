"""Stands between Minerva and a runner and writes down both.

Usage: overheard.py LOG PROGRAM ARGUMENT…
"""

import subprocess
import sys
from pathlib import Path


def main():
    log, *command = sys.argv[1:]
    pipe = subprocess.PIPE
    runner = subprocess.Popen(command, stdin=pipe, stdout=pipe)
    with Path(log).open("ab", buffering=0) as heard:
        for request in sys.stdin.buffer:
            heard.write(b"> " + request)
            runner.stdin.write(request)
            runner.stdin.flush()
            for answer in runner.stdout:
                heard.write(b"< " + answer)
                sys.stdout.buffer.write(answer)
                sys.stdout.buffer.flush()
                if b'"progress"' not in answer:
                    break
    runner.stdin.close()
    return runner.wait()


if __name__ == "__main__":
    sys.exit(main())
