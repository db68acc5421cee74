"""The command line, `minerva`. One file per group of commands; `minerva --help` is the manual."""

from minerva.cli.program import main

__all__ = ["main"]
