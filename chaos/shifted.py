"""A process of Minerva whose clock can be set: `python -m chaos.shifted worker`.

`CHAOS_SHIFT` names a file that holds by how many seconds its clock goes wrong. Only the clock that the
composition root hands out is set, by which leases, pauses and schedules go; the machine's own is not ours.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from minerva.bootstrap import chance
from minerva.cli import main


class Shifted:
    """Stands in for the class `datetime` where the time is asked for."""

    @staticmethod
    def now(zone: tzinfo = UTC) -> datetime:
        """Return the time that this process believes in."""
        wrong = float(Path(os.environ["CHAOS_SHIFT"]).read_text() or 0)
        return datetime.now(zone) + timedelta(seconds=wrong)


if __name__ == "__main__":
    setattr(chance, "datetime", Shifted)  # noqa: B010 - mypy knows that a class is not assigned to
    sys.argv[0] = "minerva"
    main()
