"""Lines that are written a moment later are all written, in order, and what is grave at once."""

import threading

from waiting import wait_until

from minerva.layers.core.telemetry.gathered import MOST_LINES, GatheredLines


class Remembered:
    """A sink that keeps what it is given."""

    at_once = 16

    def __init__(self):
        self.writes = []

    def write(self, line):
        self.writes.append(line)

    write_now = write

    @property
    def text(self):
        return b"".join(self.writes)


class Held(Remembered):
    """A sink that takes nothing until it is let go."""

    def __init__(self):
        super().__init__()
        self.go = threading.Event()

    def write(self, line):
        self.go.wait()
        super().write(line)


def test_lines_are_written_in_order_and_together():
    sink = Remembered()
    lines = GatheredLines(sink)
    written = [b"%03d\n" % number for number in range(200)]

    for line in written:
        lines.write(line)

    assert wait_until(lambda: len(sink.text) == 800)
    assert sink.text == b"".join(written)
    assert max(map(len, sink.writes)) <= sink.at_once < 800
    lines.close()


def test_lines_with_pauses_between_them_are_each_written_without_another():
    sink = Remembered()
    lines = GatheredLines(sink)

    for count in range(1, 6):
        lines.write(b".")
        assert wait_until(lambda expected=count: len(sink.text) == expected)
        assert wait_until(lambda: not lines._wanted.is_set())  # the thread waits to be wanted again

    lines.close()


def test_what_is_grave_is_written_before_anyone_goes_on_and_after_what_was_before():
    sink = Remembered()
    lines = GatheredLines(sink)

    lines.write(b"one\n")
    lines.write_now(b"two\n")

    assert sink.text == b"one\ntwo\n"
    lines.close()


def test_closing_writes_what_waits_and_later_lines_at_once():
    sink = Remembered()
    lines = GatheredLines(sink)
    lines.write(b"one\n")

    lines.close()
    assert sink.text == b"one\n"

    lines.write(b"two\n")
    assert sink.text == b"one\ntwo\n"


def test_a_line_longer_than_what_is_written_at_once_is_written_whole():
    sink = Remembered()
    lines = GatheredLines(sink)

    lines.write(b"x" * 40 + b"\n")
    lines.close()

    assert sink.writes == [b"x" * 40 + b"\n"]


def test_more_lines_than_may_wait_are_lost_by_no_one():
    sink = Held()
    lines = GatheredLines(sink)
    writer = threading.Thread(target=lambda: [lines.write(b".") for _ in range(2 * MOST_LINES)])
    writer.start()

    sink.go.set()
    writer.join()
    lines.close()

    assert len(sink.text) == 2 * MOST_LINES
