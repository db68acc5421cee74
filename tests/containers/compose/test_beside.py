"""Minerva in the network of the product's own container, and at a Unix socket that both can reach."""

import pytest
from engine import ROOT, Project, docker
from waiting import wait_until

from .conftest import CUSTOMERS, Shop

BESIDE = ROOT / "docker" / "compose.beside.yaml"
SOCKET = "/run/minerva/sidecar.sock"
ASK = f"""
from minerva.client import Client
key = open("/run/minerva/admin.key").read().strip()
with Client("http+unix://{SOCKET.replace("/", "%2F")}", key) as client:
    print(client.services()[0]["service"])
"""


@pytest.fixture
def beside(setting, project):
    """A function (**variables) that starts compose.beside.yaml."""

    def start(**variables):
        made: Project = project([BESIDE], setting() | {"MINERVA_PORT": "8080"} | variables)
        made.up()
        return Shop(made)

    return start


def test_the_product_reaches_its_sidecar_on_loopback_and_nobody_else_does(beside):
    shop = beside()

    wait_until(shop.scored, 600, shop.project.last_words)

    customer = shop.legacy("/api/customers/C-00001")
    assert customer["risk"]["version"] == "1"
    assert shop.legacy("/status.json")["main"]["scored"] == CUSTOMERS
    network = shop.project.inspected("legacy")["NetworkSettings"]["Networks"]
    address = next(iter(network.values()))["IPAddress"]
    elsewhere = docker(
        "run", "--rm", "--network", next(iter(network)), "--entrypoint", "python",
        shop.project.environment["MINERVA_IMAGE"], "-c",
        f"import socket; print(socket.socket().connect_ex(('{address}', 8080)))",
    )  # fmt: skip
    assert elsewhere.strip() == "111", "connection refused is what a closed port answers"


def test_a_container_that_shares_the_socket_s_folder_asks_there_and_no_port_is_open(beside):
    shop = beside(MINERVA_PORT="0", MINERVA_SOCKET=SOCKET)

    asked = docker(
        "run", "--rm", "--network=none", "--volume", f"{shop.project.name}_shared:/run/minerva",
        "--entrypoint", "python", shop.project.environment["MINERVA_IMAGE"], "-c", ASK,
    )  # fmt: skip

    assert asked.strip() == "churn"
    listening = shop.project.run_in("legacy", "python", "-c", "print(open('/proc/net/tcp').read())")
    assert ":1F90 " not in listening
