"""compose.yaml as it reads, with both generations of Compose in mind; needs no container."""

import re
import tomllib

import pytest
import yaml
from engine import ROOT

from .conftest import COMPOSE, PASSWORDS

MINERVA = {"migrate", "sidecar", "worker", "beat"}
DOCUMENT = yaml.safe_load(COMPOSE.read_text())
SERVICES = DOCUMENT["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_has_as_few_rights_as_possible(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"] <= 256
    assert "mem_limit" in service
    assert not re.fullmatch(r"(\$\{\w+:-)?(root|0)\b.*", service["user"])
    assert not {"privileged", "cap_add", "pid", "ipc", "userns_mode", "devices"} & service.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_on_this_machine_alone(name):
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


def test_every_password_comes_from_outside_and_has_no_default():
    asked = re.findall(r"\$\{(\w+_PASSWORD)([^}]*)\}", COMPOSE.read_text())

    assert {name for name, _ in asked} == {f"{name}_PASSWORD" for name in PASSWORDS}
    assert all(rest == f":?set {name} in docker/.env" for name, rest in asked)


def test_every_image_is_replaceable_and_has_a_tag_that_is_not_latest():
    for service in SERVICES.values():
        replaced = re.fullmatch(r"\$\{[A-Z_]+:-([^:]+):([^:}]+)\}", service["image"])
        assert replaced, service["image"]
        assert replaced[2] != "latest"


def test_images_of_minerva_are_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    ours = [one["image"] for one in SERVICES.values() if ":-minerva-" in one["image"]]
    assert len(ours) == 5
    assert all(image.endswith(f":{version}}}") for image in ours)


def test_whatever_is_said_of_variables_is_said_in_the_manual():
    page = (ROOT / "docs" / "compose.md").read_text()
    files = (yaml.safe_load(file.read_text()) for file in COMPOSE.parent.glob("compose*.yaml"))

    named = set(re.findall(r"\$\{(\w+)[:}]", str(list(files))))
    assert {name for name in named if f"`{name}`" not in page} == set()


def test_containers_that_share_the_state_share_no_sockets():
    for name in MINERVA:
        assert any(one.startswith("/var/lib/minerva/run:") for one in SERVICES[name]["tmpfs"])
