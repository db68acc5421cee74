"""`make demo`: start sidecar and legacy product, follow them to the first scores, sum up."""

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from demo.parts import Parts
from demo.patience import Patience, StopAskedError
from demo.plan import Plan
from demo.ports import refuse_taken_ports
from demo.start import launch
from demo.story import follow
from demo.summary import collect, show
from demo.trouble import DemoError, MisuseError

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130
REPOSITORY = Path(__file__).resolve().parents[3]


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """Run the demo; return the exit code."""
    console, patience = Console(highlight=False), Patience()
    patience.listen_to_signals()
    try:
        plan = _plan(arguments, environment)
        refuse_taken_ports(plan)
        return _run(plan, console, patience)
    except (MisuseError, DemoError) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), markup=False)
        return MISUSED if isinstance(error, MisuseError) else FAILED
    except StopAskedError:
        console.print("\nStopped before the end; nothing is left running. Run it again to go on.")
        return INTERRUPTED


def _run(plan: Plan, console: Console, patience: Patience) -> int:
    started = time.monotonic()
    with Parts(plan, patience) as parts:
        launch(plan, parts, console)
        follow(plan, parts, console)
        show(plan, collect(plan), time.monotonic() - started, console)
        if plan.once:
            return DONE
        console.print("Both stay up until you press Ctrl-C.")
        try:
            parts.watch()
        except StopAskedError:
            console.print("\nStopping …")
    console.print("Nothing is left running; the next run starts from what is there.")
    return DONE


def _plan(arguments: list[str], environment: Mapping[str, str]) -> Plan:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the summary (or ONCE=1)")
    parser.add_argument(
        "--state", type=Path, default=REPOSITORY / ".minerva-demo", help="where everything is kept"
    )
    options = parser.parse_args(arguments)
    return Plan.make(REPOSITORY, options.state, environment, once=options.once)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
