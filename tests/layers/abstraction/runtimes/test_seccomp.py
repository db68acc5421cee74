"""The filter of system calls: run here as the kernel runs it, for every architecture."""

import errno
import socket

import pytest

from minerva.layers.abstraction.runtimes.seccomp import ALLOW, ARCHITECTURES, DENY, KILL, program

READ, IO_URING_SETUP, X32 = 0, 425, 0x40000000
STREAM, CLOSE_ON_EXEC = socket.SOCK_STREAM, 0o2000000
NETLINK, VSOCK = 16, 40


@pytest.fixture(params=sorted(ARCHITECTURES))
def numbers(request):
    """The numbers of one architecture."""
    return ARCHITECTURES[request.param]


@pytest.fixture
def answer(numbers):
    """A function that returns what the filter answers to a call."""

    def asked(number, *arguments, network=False, audit=numbers.audit):
        padded = (*arguments, 0, 0)
        seen = {0: number, 4: audit, 16: padded[0] & 0xFFFFFFFF, 24: padded[1] & 0xFFFFFFFF}
        return run(program(numbers, network=network), seen)

    return asked


def run(steps, seen):
    """Run a classic BPF program. Raises IndexError if it runs over its end."""
    at, held = 0, 0
    while True:
        code, if_true, if_false, constant = steps[at]
        at += 1
        match code:
            case 0x20:
                held = seen[constant]
            case 0x54:
                held &= constant
            case 0x15:
                at += if_true if held == constant else if_false
            case 0x35:
                at += if_true if held >= constant else if_false
            case 0x06:
                return constant


@pytest.mark.parametrize("network", [False, True])
def test_what_makes_no_socket_is_allowed(answer, network):
    assert answer(READ, network=network) == ALLOW


@pytest.mark.parametrize(
    "family", [socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, NETLINK, socket.AF_PACKET, VSOCK]
)
def test_without_the_network_no_socket_is_made_and_none_connected(answer, numbers, family):
    assert answer(numbers.socket, family, STREAM) == DENY
    assert answer(numbers.connect, 3) == DENY


def test_with_the_network_sockets_are_of_ip(answer, numbers):
    families = range(64)

    allowed = [one for one in families if answer(numbers.socket, one, network=True) == ALLOW]

    assert allowed == [socket.AF_INET, socket.AF_INET6, NETLINK]
    assert answer(numbers.connect, 3, network=True) == ALLOW


def test_the_upper_half_of_an_argument_hides_nothing(answer, numbers):
    hidden = socket.AF_UNIX | 1 << 32

    assert answer(numbers.socket, hidden, network=True) == DENY


@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (STREAM, ALLOW),
        (STREAM | CLOSE_ON_EXEC, ALLOW),
        (socket.SOCK_SEQPACKET, ALLOW),
        (socket.SOCK_DGRAM, DENY),
        (socket.SOCK_DGRAM | CLOSE_ON_EXEC, DENY),
        (socket.SOCK_RAW, DENY),
    ],
)
def test_pairs_are_of_streams(answer, numbers, kind, told, network):
    assert answer(numbers.socketpair, socket.AF_UNIX, kind, network=network) == told


@pytest.mark.parametrize("network", [False, True])
def test_ways_around_are_closed(answer, numbers, network):
    assert answer(IO_URING_SETUP, network=network) == DENY
    assert answer(numbers.socket, audit=0x40000003, network=network) == KILL
    if numbers.foreign_from:
        assert answer(X32 | numbers.socket, network=network) == DENY


def test_a_refusal_looks_like_one():
    assert DENY & 0xFFFF == errno.EPERM
