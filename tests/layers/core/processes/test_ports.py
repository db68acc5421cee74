"""A taken port is told with its number and the setting, before a server stumbles over it."""

import socket

import pytest

from minerva.errors import InvalidConfiguration
from minerva.layers.core.processes.ports import ensure_free


def test_a_free_port_passes(free_port):
    assert ensure_free("127.0.0.1", free_port()) is None


def test_a_taken_port_is_named_with_its_setting(free_port):
    port = free_port()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(InvalidConfiguration) as caught:
        ensure_free("127.0.0.1", port, "LEGACY_PORT")

    assert caught.value.message == (
        f"Port {port} on 127.0.0.1 is taken: stop what listens there, or set LEGACY_PORT."
    )


def test_a_port_whose_last_connection_is_still_closing_is_free(free_port):
    port = free_port()
    with (
        socket.create_server(("127.0.0.1", port)) as server,
        socket.create_connection(("127.0.0.1", port)),
    ):
        accepted, _ = server.accept()
        accepted.close()  # the side that closes first keeps the port in TIME_WAIT

    assert ensure_free("127.0.0.1", port) is None


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1", "a" * 70 + ".example"])
def test_an_address_that_is_not_ours_is_named(free_port, host):
    with pytest.raises(
        InvalidConfiguration, match=r"is not an address of this machine.*MINERVA_HOST"
    ):
        ensure_free(host, free_port())
