"""The command line, `minerva`. One file per group of commands; `minerva --help` is the manual."""

import atexit
import gc
import sys


def main() -> None:
    """Run the command line; a probe of containers does not wait for the other commands."""
    atexit.register(
        gc.freeze
    )  # to look for garbage in all that goes anyway is a quarter of a command
    if sys.argv[1:2] == ["health"]:
        from minerva.cli.health import main as run
    else:
        from minerva.cli.program import main as run
    run()


__all__ = ["main"]
