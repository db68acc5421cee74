"""`python -m legacy_stub`: see `commands`."""

import sys

from legacy_stub.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
