"""The clock that stands still while others have the processor, and goes on while its thread waits."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from minerva.layers.core.processes.own_time import WAITS, OwnTime

COMPUTED_S = 0.3
BESIDE_ANOTHER = f"""
import json, os, time
from minerva.layers.core.processes.own_time import OwnTime

os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
began, begins = os.pipe()
me, other = os.getpid(), os.fork()
if not other:
    os.write(begins, b".")
    while os.getppid() == me:
        pass
os.read(began, 1)
clock = OwnTime()
wall, own, computed = time.monotonic(), clock.now(), time.thread_time()
while time.thread_time() - computed < {COMPUTED_S}:
    pass
print(json.dumps([time.monotonic() - wall, clock.now() - own, time.thread_time() - computed]))
os.kill(other, 9)
os.waitpid(other, 0)
"""


@pytest.fixture(params=[WAITS, Path("/nowhere")], ids=["told", "not told"])
def clock(request):
    return OwnTime(request.param)


def test_it_goes_on_while_its_thread_waits_for_something_else_than_a_core(clock):
    before, waits = clock.now(), 20

    for _ in range(waits):  # Linux takes one for a wait for a core now and then
        threading.Event().wait(0.01)

    assert clock.now() - before > 0.01 * waits / 2


def test_it_stands_still_while_another_process_has_the_core():
    program = [sys.executable, "-c", BESIDE_ANOTHER]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    wall, own, computed = json.loads(done.stdout)

    assert own - computed < (wall - computed) / 2
