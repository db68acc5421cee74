"""Pods and their containers in rendered objects, wherever they stand."""

from collections.abc import Iterator

WHERE = {
    "Pod": (),
    "Job": ("spec", "template"),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
}


def pods(objects: list[dict]) -> Iterator[tuple[str, dict]]:
    """Give each pod (metadata and spec) with the name of what makes it."""
    for each in objects:
        if each["kind"] in WHERE:
            pod = each
            for member in WHERE[each["kind"]]:
                pod = pod[member]
            yield f"{each['kind']} {each['metadata']['name']}", pod


def containers(pod: dict) -> Iterator[dict]:
    """Give all containers of a pod, those that run before the others included."""
    yield from pod["spec"].get("initContainers", [])
    yield from pod["spec"]["containers"]


def lasts(container: dict, pod: dict) -> bool:
    """Whether it runs as long as its pod does: all but those that end before, and native sidecars do."""
    before = container in pod["spec"].get("initContainers", [])
    return (
        container.get("restartPolicy") == "Always" if before else "restartPolicy" not in pod["spec"]
    )


def variables(container: dict) -> dict[str, dict]:
    """Return name → entry of a container's environment."""
    return {entry["name"]: entry for entry in container.get("env", [])}
