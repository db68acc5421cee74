"""What is wrong with values is told before anything is installed: one line, which begins with the value."""

import re

import pytest
from helm_chart import CHART, MODES, helm


def refused(mode: str | None, *pairs: str, text: str = "") -> list[str]:
    """Return what helm says of values that it must refuse, a line each, without its own preface."""
    given = ["--values", MODES[mode]] if mode else []
    more = [part for pair in pairs for part in ("--set-json" if "=[" in pair else "--set", pair)]
    done = helm("template", "shop", CHART, *given, *more)
    assert done.returncode == 1, done.stdout
    assert done.stdout == ""
    assert text in done.stderr
    lines = [line.strip(" -") for line in done.stderr.splitlines()]
    preface = re.compile(r"^$|^Error: |^Use --debug|^minerva:$|^coalesce")
    return [line for line in lines if not preface.match(line)]


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        ("serve.replcas=3", "serve: Additional property replcas is not allowed"),
        ("sevre.replicas=3", "Additional property sevre is not allowed"),
        ("serve.replicas=two", "serve.replicas: Invalid type"),
        ("mode=side-car", 'mode: mode must be one of the following: "standalone", "sidecar"'),
        ("settings.web_worker=4", "settings: Additional property web_worker is not allowed"),
        ("settings.web_workers=0", "settings.web_workers: Must be greater than or equal to 1"),
        ("settings.log_level=loud", "settings.log_level: settings.log_level must be one of"),
        (
            "serve.resources.limit.memory=1Gi",
            "serve.resources: Additional property limit is not allowed",
        ),
        ("worker.queues[0]=fast", "worker.queues.0: worker.queues.0 must be one of"),
        ("networkPolicy.egress.databse.to=[]", "Additional property databse is not allowed"),
        ("networkPolicy.egress.database.port=5432", "Additional property port is not allowed"),
        ("sidecar.app.container.imag=x", "Additional property imag is not allowed"),
    ],
)
def test_a_typo_is_told_by_the_name_of_the_value(pair, says):
    told = refused("standalone", pair)
    assert len([line for line in told if says in line]) == 1, told


def test_all_that_is_missing_is_told_at_once_a_line_each():
    begins = [line.split(":")[0] for line in refused(None)]
    assert begins == [
        "database.existingSecret",
        "queue.existingSecret",
        "keys.existingSecret",
        "artefacts",
        "networkPolicy.egress.database.to",
        "networkPolicy.egress.queue.to",
    ]


@pytest.mark.parametrize(
    ("mode", "pairs", "says"),
    [
        ("standalone", ["database.existingSecret="], "database.existingSecret: name the Secret with PostgreSQL's URL, or try out with postgresql.enabled=true"),
        ("standalone", ["postgresql.enabled=true"], "database.existingSecret: leave it empty where postgresql.enabled is true; one of them is the database"),
        ("standalone", ["redis.enabled=true"], "queue.existingSecret: leave it empty where redis.enabled is true; one of them is the broker"),
        ("standalone", ["keys.existingSecret="], "keys.existingSecret: name the Secret with admin.key, signing.key and webhook.key, or set keys.generate=true"),
        ("standalone", ["keys.generate=true"], "keys.generate: leave it false where keys.existingSecret names the keys"),
        ("standalone", ["artefacts.existingClaim=models"], "artefacts: set exactly one of url, existingClaim and claim.enabled; 2 are"),
        ("standalone", ["artefacts.url=/models"], 'artefacts.url: "/models" is no URL; a folder is named by existingClaim or claim.enabled'),
        ("standalone", ["networkPolicy.egress.artefacts.to=[]"], "networkPolicy.egress.artefacts.to: say where the artefact store is, or set networkPolicy.enabled=false"),
        ("standalone", ["ingress.enabled=true"], "ingress.host: an Ingress needs a host"),
        ("standalone", ["gateway.enabled=true"], "gateway.parents: an HTTPRoute needs a Gateway"),
        ("standalone", ["serve.autoscaling.minReplicas=11"], "serve.autoscaling.minReplicas: 11 is more than maxReplicas, 10"),
        ("scaled", ["worker.autoscaling.minReplicas=0"], "worker.autoscaling.minReplicas: only keda scales to 0; hpa needs 1 at least"),
        ("standalone", ["sidecar.app.container.name=crm"], "sidecar.app.container: it is used in mode sidecar only; set mode=sidecar, or take it out"),
        ("sidecar", ["sidecar.app.container.image="], "sidecar.app.container.image: your product's container needs it in mode sidecar"),
        ("sidecar", ["sidecar.auth=none", "sidecar.port=8080"], "sidecar.auth: none is refused beside a port, which others reach; set sidecar.port=0"),
        ("sidecar", ["ingress.enabled=true", "ingress.host=x"], "ingress.enabled: leave it false in mode sidecar, where Minerva has no Service of its own"),
        ("sidecar", ["worker.autoscaling.kind=hpa"], "worker.autoscaling.kind: hpa needs the gauge of a web server with a Service, which mode sidecar has not; use keda"),
        ("sidecar", ["sidecar.app.container.ports=[]"], "sidecar.app.servicePort: sidecar.app.container.ports names no port that it could lead to"),
        ("bundled", ["services.churn=service: chrun"], "services.churn: its text must hold `service: churn`"),
        ("bundled", ["services.churn=service: [churn"], "services.churn: it is no YAML: error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'"),
        ("bundled", ["tenants.acme.prize="], "tenants.acme.prize: there is no services.prize in the values; a file in the image names its tenants itself"),
        ("bundled", ["tenants.acme.price=serving: [50"], "tenants.acme.price: it is no YAML: error converting YAML to JSON: yaml: line 1: did not find expected ',' or ']'"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_together_are_told_by_name(mode, pairs, says):
    assert refused(mode, *pairs) == [says]


def test_a_service_that_names_its_tenants_itself_gets_none_from_the_values():
    text = "services.churn=service: churn\ntenants: {acme: }"
    told = refused("bundled", text, "tenants.globex.churn=")
    assert told == ["tenants.globex.churn: services.churn names tenants itself; put this one there"]


def test_a_cluster_that_is_too_old_is_told():
    done = helm("template", "shop", CHART, "--values", MODES["bundled"], "--kube-version", "1.29")
    assert done.returncode == 1
    assert "kubeVersion: >=1.30.0-0" in done.stderr
