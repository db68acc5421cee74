"""`python -m minerva.cli`: the same program, for processes that start others."""

from minerva.cli.program import main

main()
