"""Kinds that other projects add to a cluster, as far as the chart and the examples use them.

Kubernetes' own schemas, and so kubernetes-validate, know nothing of them. What is written down here is the part
of each project's CustomResourceDefinition that we use: a member that is not here is a mistake, or is looked up there
and added. A kind that is not here fails.
"""

TEXT, NUMBER, TRUTH = str, int, bool
TEXTS = {"*": TEXT}

SHAPES: dict[tuple[str, str], dict] = {
    # prometheus-operator, Documentation/api-reference/api.md
    ("monitoring.coreos.com/v1", "ServiceMonitor"): {
        "selector": {"matchLabels": TEXTS},
        "endpoints": [
            {
                "port": TEXT,
                "path": TEXT,
                "interval": TEXT,
                "relabelings": [{"targetLabel": TEXT, "replacement": TEXT}],
            }
        ],
    },
    # keda.sh, docs/reference/scaledobject-spec
    ("keda.sh/v1alpha1", "ScaledObject"): {
        "scaleTargetRef": {"name": TEXT},
        "minReplicaCount": NUMBER,
        "maxReplicaCount": NUMBER,
        "pollingInterval": NUMBER,
        "cooldownPeriod": NUMBER,
        "advanced": {
            "horizontalPodAutoscalerConfig": {
                "behavior": {"scaleDown": {"stabilizationWindowSeconds": NUMBER}}
            }
        },
        "triggers": [
            {
                "type": TEXT,
                # docs/scalers/postgresql: all values are texts
                "metadata": {
                    "query": TEXT,
                    "targetQueryValue": TEXT,
                    "activationTargetQueryValue": TEXT,
                },
                "authenticationRef": {"name": TEXT},
            }
        ],
    },
    ("keda.sh/v1alpha1", "TriggerAuthentication"): {
        "secretTargetRef": [{"parameter": TEXT, "name": TEXT, "key": TEXT}]
    },
    # gateway-api.sigs.k8s.io, reference/spec
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): {
        "parentRefs": [{"name": TEXT, "namespace": TEXT, "sectionName": TEXT, "port": NUMBER}],
        "hostnames": [TEXT],
        "rules": [
            {
                "matches": [{"path": {"type": TEXT, "value": TEXT}}],
                "backendRefs": [{"name": TEXT, "port": NUMBER}],
            }
        ],
    },
    # kserve.github.io, reference/api
    ("serving.kserve.io/v1alpha1", "ClusterServingRuntime"): {
        "supportedModelFormats": [
            {"name": TEXT, "version": TEXT, "autoSelect": TRUTH, "priority": NUMBER}
        ],
        "protocolVersions": [TEXT],
        "multiModel": TRUTH,
        "containers": [{"*": object}],
        "volumes": [{"*": object}],
        "imagePullSecrets": [{"name": TEXT}],
    },
    ("serving.kserve.io/v1beta1", "InferenceService"): {
        "predictor": {
            "minReplicas": NUMBER,
            "maxReplicas": NUMBER,
            "scaleMetric": TEXT,
            "scaleTarget": NUMBER,
            "automountServiceAccountToken": TRUTH,
            "securityContext": {"*": object},
            "model": {
                "modelFormat": {"name": TEXT, "version": TEXT},
                "protocolVersion": TEXT,
                "runtime": TEXT,
                "resources": {"*": object},
                "env": [{"*": object}],
            },
        }
    },
}


def strangers(document: dict) -> list[str]:
    """Return the members of an object that its project does not know, or knows as something else."""
    shape = SHAPES.get((document["apiVersion"], document["kind"]))
    if shape is None:
        return [f"{document['kind']} of {document['apiVersion']} is not written down"]
    rest = set(document) - {"apiVersion", "kind", "metadata", "spec"}
    return sorted(rest) + _unlike(document.get("spec"), shape, "spec")


def _unlike(value: object, shape: object, where: str) -> list[str]:
    if shape is object:
        return []
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [where]
        return [x for n, each in enumerate(value) for x in _unlike(each, shape[0], f"{where}[{n}]")]
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [where]
        found = []
        for name, member in value.items():
            known = shape.get(name, shape.get("*"))
            below = f"{where}.{name}"
            found += [below] if known is None else _unlike(member, known, below)
        return found
    return [] if type(value) is shape else [where]
