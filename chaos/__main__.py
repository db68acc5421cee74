"""Runs the campaign, or some of its faults, and prints what was lost or done twice: it must be nothing.

Run: make chaos, make chaos ONLY="worker_killed disk_full", ROUNDS=5 for a short one.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time

from chaos.faults import FAULTS
from chaos.verdict import Verdict

HEAD = ("fault", "hits", "jobs", "ended once", "lost", "twice", "left over", "seconds")


def main(arguments: list[str]) -> int:
    """Return 0 if nothing was lost, done twice or left over."""
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(1)
    )  # what was started is ended on the way out
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("faults", nargs="*", metavar="FAULT", help=", ".join(FAULTS))
    parser.add_argument("--rounds", type=int, default=50, help="random moments of each kill")
    parser.add_argument("--seed", type=int, default=None, help="repeats the moments of another run")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.faults if name not in FAULTS]
    if unknown:
        parser.error(f"there is no fault {', '.join(unknown)}; there are: {', '.join(FAULTS)}")
    seed = random.SystemRandom().randrange(10_000) if asked.seed is None else asked.seed
    print(f"Seed {seed}, {asked.rounds} rounds where moments are random.\n", flush=True)
    print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD), flush=True)
    verdicts = [_run(name, random.Random(seed), asked.rounds) for name in asked.faults or FAULTS]
    problems = [f"{one.fault}: {problem}" for one in verdicts for problem in one.problems]
    print(f"\n{len(verdicts) - sum(map(bool, verdicts))} passed, {sum(map(bool, verdicts))} failed")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _run(name: str, chance: random.Random, rounds: int) -> Verdict:
    started = time.monotonic()
    verdict = FAULTS[name](chance, rounds)
    cells = (name, *verdict.counts(), round(time.monotonic() - started))
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    return verdict


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
