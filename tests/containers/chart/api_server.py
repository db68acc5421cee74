"""An API server in small, for the real helm to talk to: it keeps objects, and the order in which they came.

It runs nothing: no pod starts, and a Job has succeeded, or failed, as soon as it is made. So it shows what helm makes,
keeps and removes, in which order, and not what a cluster does with it.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KINDS = {
    "v1": {
        "secrets": "Secret", "configmaps": "ConfigMap", "services": "Service", "pods": "Pod",
        "persistentvolumeclaims": "PersistentVolumeClaim",
    },
    "apps/v1": {"deployments": "Deployment", "statefulsets": "StatefulSet"},
    "batch/v1": {"jobs": "Job"},
    "policy/v1": {"poddisruptionbudgets": "PodDisruptionBudget"},
    "networking.k8s.io/v1": {"networkpolicies": "NetworkPolicy", "ingresses": "Ingress"},
    "autoscaling/v2": {"horizontalpodautoscalers": "HorizontalPodAutoscaler"},
    "keda.sh/v1alpha1": {"scaledobjects": "ScaledObject", "triggerauthentications": "TriggerAuthentication"},
    "monitoring.coreos.com/v1": {"servicemonitors": "ServiceMonitor"},
    "gateway.networking.k8s.io/v1": {"httproutes": "HTTPRoute"},
}  # fmt: skip
VERSION = {"major": "1", "minor": "33", "gitVersion": "v1.33.0"}
PLACE = re.compile(r"/(?:api|apis/[\w.]+)/\w+/namespaces/(\w[\w-]*)/(\w+)(?:/([\w.-]+))?")


class Cluster:
    """What an API server knows."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict] = {}
        """Plural of the kind and name → object."""
        self.made: list[str] = []
        """Kind and name, in the order in which they were made; helm's own records are left out."""
        self.jobs_fail = False
        self.revision = 0
        self.lock = threading.RLock()

    def named(self, plural: str) -> list[str]:
        """Names of the objects of a kind, without helm's own records."""
        return sorted(
            name
            for kind, name in self.objects
            if kind == plural and not name.startswith("sh.helm.")
        )

    def keep(self, plural: str, name: str, content: dict) -> dict:
        """Write an object."""
        self.revision += 1
        content["metadata"].setdefault("uid", f"u{self.revision}")
        content["metadata"]["resourceVersion"] = str(self.revision)
        if content["kind"] == "Job":
            ended = "Failed" if self.jobs_fail else "Complete"
            content["status"] = {"conditions": [{"type": ended, "status": "True"}]}
        self.objects[(plural, name)] = content
        return content


def merged(old: object, new: object) -> object:
    """Apply a patch; what strategic patches say of the order of lists is left out."""
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    result = {**old}
    for name, value in new.items():
        if value is None:
            result.pop(name, None)
        elif not name.startswith("$"):
            result[name] = merged(old.get(name), value)
    return result


class Handler(BaseHTTPRequestHandler):
    """Answers helm's calls."""

    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(self, content: dict, status: int = 200) -> None:
        """Send JSON."""
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def refuse(self, code: int, reason: str) -> None:
        """Send a Status, as an API server does."""
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
        self.answer({**status, "reason": reason, "code": code, "message": reason}, code)

    def body(self) -> dict:
        """Read what was sent."""
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")

    def do_GET(self) -> None:
        """Tell of versions and kinds, of an object, or of many."""
        parts = urlsplit(self.path)
        asked = parse_qs(parts.query)
        if parts.path == "/version":
            self.answer(VERSION)
        elif parts.path == "/openapi/v2":
            self._nothing_more()  # an empty document: no kind is checked here
        elif place := PLACE.fullmatch(parts.path):
            self._objects(place[2], place[3], asked)
        elif parts.path.startswith(("/api", "/apis")):
            self._kinds(parts.path)
        else:
            self.refuse(404, "NotFound")

    def _kinds(self, path: str) -> None:
        if path == "/api":
            self.answer({"kind": "APIVersions", "versions": ["v1"]})
        elif path == "/apis":
            groups = [
                {"name": one.split("/")[0], "versions": [version], "preferredVersion": version}
                for one in KINDS
                if "/" in one
                for version in [{"groupVersion": one, "version": one.split("/")[1]}]
            ]
            self.answer({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        else:
            name = path.removeprefix("/apis/").removeprefix("/api/")
            verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
            kinds = [
                {
                    "name": plural,
                    "singularName": "",
                    "namespaced": True,
                    "kind": kind,
                    "verbs": verbs,
                }
                for plural, kind in KINDS.get(name, {}).items()
            ]
            self.answer(
                {
                    "kind": "APIResourceList",
                    "apiVersion": "v1",
                    "groupVersion": name,
                    "resources": kinds,
                }
            )

    def _objects(self, plural: str, name: str | None, asked: dict[str, list[str]]) -> None:
        with self.cluster.lock:
            if name is not None:
                found = self.cluster.objects.get((plural, name))
                return self.refuse(404, "NotFound") if found is None else self.answer(found)
            items = [each for (kind, _), each in self.cluster.objects.items() if kind == plural]
            for pair in ",".join(asked.get("labelSelector", [])).split(","):
                label, _, value = pair.partition("=")
                items = [
                    each
                    for each in items
                    if not label or each["metadata"].get("labels", {}).get(label) == value
                ]
            for pair in asked.get("fieldSelector", []):
                items = [
                    each for each in items if pair == f"metadata.name={each['metadata']['name']}"
                ]
            if asked.get("watch"):
                return self._nothing_more()
            shown = {"kind": "List", "apiVersion": "v1", "items": items}
            return self.answer(
                {**shown, "metadata": {"resourceVersion": str(self.cluster.revision)}}
            )

    def _nothing_more(self) -> None:
        """A watch in which nothing happens: all that there is was listed."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        """Make an object."""
        _, plural, _ = PLACE.fullmatch(urlsplit(self.path).path).groups()
        content = self.body()
        name = content["metadata"]["name"]
        with self.cluster.lock:
            if (plural, name) in self.cluster.objects:
                self.refuse(409, "AlreadyExists")
                return
            if not name.startswith("sh.helm."):
                self.cluster.made.append(f"{content['kind']} {name}")
            self.answer(self.cluster.keep(plural, name, content), 201)

    def do_PUT(self) -> None:
        """Write an object anew."""
        _, plural, name = PLACE.fullmatch(urlsplit(self.path).path).groups()
        content = self.body()
        with self.cluster.lock:
            self.answer(self.cluster.keep(plural, name, content))

    def do_PATCH(self) -> None:
        """Change an object."""
        _, plural, name = PLACE.fullmatch(urlsplit(self.path).path).groups()
        change = self.body()
        with self.cluster.lock:
            known = self.cluster.objects[(plural, name)]
            self.answer(self.cluster.keep(plural, name, merged(known, change)))

    def do_DELETE(self) -> None:
        """Remove an object."""
        _, plural, name = PLACE.fullmatch(urlsplit(self.path).path).groups()
        self.body()
        with self.cluster.lock:
            found = self.cluster.objects.pop((plural, name), None)
        if found is None:
            self.refuse(404, "NotFound")
        else:
            self.answer(found)


@contextmanager
def api_server() -> Iterator[tuple[str, Cluster]]:
    """Run one; give its URL and what it knows."""
    cluster = Cluster()
    handler = type("Bound", (Handler,), {"cluster": cluster})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", cluster
        server.shutdown()
        thread.join()
