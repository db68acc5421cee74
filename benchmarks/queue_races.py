"""How many messages a folder loses when several senders and readers share it: kombu's transport, and ours.

Run: python benchmarks/queue_races.py
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from kombu.connection import Connection
from kombu.entity import Exchange, Queue
from kombu.messaging import Consumer, Producer

SENDERS, READERS, EACH, ROUNDS = 3, 2, 300, 5
QUIET_S = 3
QUEUE = Queue("jobs", Exchange("jobs"), routing_key="jobs")
Connect = Callable[[str], Connection]


def main() -> None:
    """Send 900 messages through each transport, five times, and print what arrived."""
    for name, connect in (("kombu's filesystem transport", kombus), ("ours", ours)):
        arrived, failures = 0, 0
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                ids, failed = _race(connect, folder)
            arrived, failures = arrived + len(set(ids)), failures + failed
        sent = SENDERS * EACH * ROUNDS
        print(f"{name:<30} sent {sent}  arrived {arrived}  failed reads {failures}")


def kombus(folder: str) -> Connection:
    """Connect to the folder through kombu's own transport."""
    options = {name: f"{folder}/{name}" for name in ("data_folder_in", "control_folder")}
    options["data_folder_out"] = options["data_folder_in"]
    for path in options.values():
        Path(path).mkdir(exist_ok=True)
    return Connection("filesystem://", transport_options={**options, "polling_interval": 0.01})


def ours(folder: str) -> Connection:
    """Connect to the folder through the transport of the embedded queue."""
    return Connection(
        transport="minerva.adapters.queue.filesystem:Transport",
        transport_options={"folder": folder, "polling_interval": 0.01},
    )


def _race(connect: Connect, folder: str) -> tuple[list[str], int]:
    first = multiprocessing.Process(target=_declare, args=(connect, folder))
    first.start()
    first.join()
    results: multiprocessing.Queue[Any] = multiprocessing.Queue()
    all_sent = multiprocessing.Event()
    readers = [
        multiprocessing.Process(target=_read, args=(connect, folder, results, all_sent))
        for _ in range(READERS)
    ]
    senders = [
        multiprocessing.Process(target=_send, args=(connect, folder, number))
        for number in range(SENDERS)
    ]
    for process in (*readers, *senders):
        process.start()
    for process in senders:
        process.join()
    all_sent.set()
    found = [results.get() for _ in readers]
    for process in readers:
        process.join()
    return [one for ids, _ in found for one in ids], sum(failures for _, failures in found)


def _declare(connect: Connect, folder: str) -> None:
    """Where two declare at once, kombu's transport also fails, which is not at issue here."""
    with connect(folder) as connection, connection.channel() as channel:
        QUEUE(channel).declare()


def _send(connect: Connect, folder: str, number: int) -> None:
    with connect(folder) as connection, connection.channel() as channel:
        producer = Producer(channel)
        for count in range(EACH):
            producer.publish(
                {"id": f"{number}-{count}"},
                exchange=QUEUE.exchange,
                routing_key="jobs",
                declare=[QUEUE],
            )


def _read(
    connect: Connect, folder: str, results: multiprocessing.Queue[Any], all_sent: Event
) -> None:
    """Take messages until nothing has come for a while after the last one was sent."""
    arrived: list[str] = []
    failures = 0

    def take(body: dict[str, str], message: Any) -> None:
        arrived.append(body["id"])
        message.ack()

    with (
        connect(folder) as connection,
        connection.channel() as channel,
        Consumer(channel, [QUEUE], callbacks=[take]),
    ):
        last = time.monotonic()
        while time.monotonic() - last < QUIET_S:
            if not all_sent.is_set():
                last = time.monotonic()
            try:
                connection.drain_events(timeout=0.5)
                last = time.monotonic()
            except TimeoutError:
                continue
            except ValueError:  # half a message was read, and is gone
                failures += 1
    results.put((arrived, failures))


if __name__ == "__main__":
    main()
