"""Refusing to start where somebody else listens already."""

import socket

from demo.plan import HOST, Plan
from demo.trouble import MisuseError


def refuse_taken_ports(plan: Plan) -> None:
    """Raise MisuseError naming the port that is taken and the setting that moves it."""
    if plan.sidecar_port == plan.legacy_port:
        raise MisuseError(
            f"MINERVA_PORT and LEGACY_PORT are both {plan.legacy_port}: they must differ."
        )
    parts = (
        ("sidecar", plan.sidecar_port, "MINERVA_PORT"),
        ("legacy product", plan.legacy_port, "LEGACY_PORT"),
    )
    for part, port, setting in parts:
        if _taken(port):
            raise MisuseError(
                f"Port {port} is taken, and the {part} needs it: stop what listens there, "
                f"or choose another one, for example make demo {setting}={port + 1000}."
            )


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
