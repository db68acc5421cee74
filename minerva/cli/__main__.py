"""`python -m minerva.cli`: the same program, for processes that start others."""

from minerva.cli import main

main()
