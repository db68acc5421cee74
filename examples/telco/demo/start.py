"""Starting both parts and waiting until each answers."""

import subprocess
import sys

from rich.console import Console

from demo.legacy import get
from demo.parts import Parts
from demo.plan import SERVICE, Plan
from demo.trouble import DemoError, MisuseError
from minerva.client import Client
from minerva.errors import MinervaError

START_S = 240.0


def launch(plan: Plan, parts: Parts, console: Console) -> None:
    """Start the sidecar and the legacy product beside it. Raises DemoError or MisuseError."""
    _make_room(plan)
    parts.start("sidecar", [str(plan.program), "up"])
    parts.start("legacy", [sys.executable, "-m", "legacy_stub", "serve"])
    with console.status("Starting the sidecar and the legacy product …"):
        parts.wait_until(
            lambda: _answers(plan.sidecar_port, "/livez"), "The sidecar's start", START_S
        )
        parts.wait_until(lambda: _answers(plan.legacy_port, "/health"), "The legacy start", START_S)
        parts.wait_until(lambda: _declared(plan), f"The declaration of service {SERVICE}", START_S)
    console.print(f"The sidecar is at        {plan.sidecar_url}", soft_wrap=True)
    console.print(f"The legacy product is at {plan.legacy_url}", soft_wrap=True)


def ask(plan: Plan) -> Client:
    """Return a client of the sidecar with the first admin key."""
    return Client(plan.sidecar_url, plan.key_file.read_text(encoding="ascii").strip())


def _declared(plan: Plan) -> bool:
    """Whether the sidecar knows the service. Raises DemoError if it cannot use what is declared."""
    try:
        with ask(plan) as client:
            found = client.service_list()
    except MinervaError:
        return False
    if any(service["service"] == SERVICE for service in found["services"]):
        return True
    if found["problems"]:
        told = "\n".join(f"  {one['where']}: {one['message']}" for one in found["problems"])
        raise DemoError(f"The sidecar cannot use {plan.workspace}:\n{told}")
    return False


def prepare_again(plan: Plan) -> None:
    """Have the legacy product hand over its data once more. Raises DemoError."""
    done = subprocess.run(
        [sys.executable, "-m", "legacy_stub", "preprocess", "--again"],
        cwd=plan.repository,
        env=plan.parts_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=START_S,
    )
    if done.returncode != 0:
        raise DemoError(f"The legacy product could not prepare its data:\n{done.stderr}")


def _make_room(plan: Plan) -> None:
    try:
        plan.state.mkdir(parents=True, exist_ok=True)
        plan.copy_workspace()
    except OSError as error:
        raise MisuseError(
            f"The demo keeps its state in {plan.state}, which cannot be written "
            f"({error.strerror}): free it, or name another folder with --state."
        ) from error


def _answers(port: int, path: str) -> bool:
    return get(port, path) is not None
