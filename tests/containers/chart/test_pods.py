"""Every pod of every mode: no rights, limits, probes, a named image, and time to end."""

import pytest
from helm_chart import documents, one, render
from pods import containers, lasts, pods, variables


def of_minerva(objects):
    """The containers whose image is Minerva's."""
    for name, pod in pods(objects):
        for container in containers(pod):
            image = container["image"]
            if "minerva-" in image or "/shop" in image:
                yield name, pod, container


def test_there_are_pods_to_look_at(objects):
    assert len(list(pods(objects))) >= 4


def test_no_pod_has_rights(objects):
    for name, pod in pods(objects):
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] is True, name
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), name
        assert not [volume for volume in spec.get("volumes", []) if "hostPath" in volume], name


def test_no_container_has_rights(objects):
    for name, pod in pods(objects):
        for container in containers(pod):
            context = container["securityContext"]
            where = f"{name}: {container['name']}"
            assert context["runAsNonRoot"] is True, where
            assert context["runAsUser"] > 0, where
            assert context["allowPrivilegeEscalation"] is False, where
            assert context["readOnlyRootFilesystem"] is True, where
            assert context["capabilities"] == {"drop": ["ALL"]}, where
            assert not context.get("privileged"), where


def test_minerva_runs_as_the_user_of_its_image(objects):
    users = {
        (container["securityContext"]["runAsUser"], container["securityContext"]["runAsGroup"])
        for _, _, container in of_minerva(objects)
    }
    assert users == {(10001, 10001)}


def test_every_container_has_requests_and_limits(objects):
    for name, pod in pods(objects):
        for container in containers(pod):
            where = f"{name}: {container['name']}"
            assert {"cpu", "memory"} <= set(container["resources"]["requests"]), where
            assert {"cpu", "memory"} <= set(container["resources"]["limits"]), where


def test_every_image_has_a_tag_that_names_a_version(objects):
    for name, pod in pods(objects):
        for container in containers(pod):
            _, _, tag = container["image"].rpartition("/")[2].partition(":")
            assert tag not in {"", "latest"}, f"{name}: {container['image']}"


def test_whether_it_lives_is_asked_of_every_container_that_lasts(objects):
    for name, pod in pods(objects):
        for container in containers(pod):
            probed = "livenessProbe" in container
            assert probed == lasts(container, pod), f"{name}: {container['name']}"


def test_volumes_have_sizes_and_mounts_have_volumes(objects):
    for name, pod in pods(objects):
        spec = pod["spec"]
        kept = {volume["name"] for volume in spec.get("volumes", [])}
        for volume in spec.get("volumes", []):
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], name
        for container in containers(pod):
            mounted = {mount["name"] for mount in container.get("volumeMounts", [])}
            assert mounted - kept <= {"data"}, (
                f"{name}: {container['name']}"
            )  # a StatefulSet's claim


def test_keys_are_readable_by_the_group_of_the_pod_alone(objects):
    for name, pod in pods(objects):
        for volume in pod["spec"].get("volumes", []):
            if "secret" in volume:
                assert volume["secret"]["defaultMode"] == 0o440, name
                assert pod["spec"]["securityContext"]["fsGroup"] > 0, name


def test_all_pods_of_a_release_give_shared_volumes_to_one_group(objects):
    sharing = [
        pod["spec"]["securityContext"]["fsGroup"]
        for _, pod in pods(objects)
        if {"artefacts", "keys"} & {volume["name"] for volume in pod["spec"].get("volumes", [])}
    ]
    assert len(sharing) >= 3
    assert len(set(sharing)) == 1


def test_another_version_of_the_chart_alone_starts_no_pod_anew(objects):
    for name, pod in pods(objects):
        if not name.startswith("Pod "):
            assert not {"helm.sh/chart", "app.kubernetes.io/version"} & set(
                pod["metadata"]["labels"]
            ), name


def test_no_secret_stands_in_the_environment(objects):
    for name, pod in pods(objects):
        for container in containers(pod):
            for variable, entry in variables(container).items():
                if variable.endswith(("_URL", "PASSWORD", "REDISCLI_AUTH")) and "value" in entry:
                    harmless = ("/var/lib/artefacts", "s3://", "http+unix://")
                    assert entry["value"].startswith(harmless), f"{name}: {variable}"


@pytest.mark.parametrize(
    ("mode", "name", "container", "args"),
    [
        ("standalone", "shop-minerva", "minerva", ["serve"]),
        ("sidecar", "shop-minerva-app", "minerva", ["serve"]),
        ("standalone", "shop-minerva-worker", "worker", ["worker"]),
        ("scaled", "shop-minerva-worker", "worker", ["worker", "--queue", "train", "--queue", "batch"]),
        ("standalone", "shop-minerva-beat", "beat", ["beat"]),
        ("standalone", "shop-minerva-migrate", "migrate", ["migrate", "--wait", "120"]),
        ("bundled", "shop-minerva", "migrate", ["migrate", "--wait", "120"]),
    ],
)  # fmt: skip
def test_each_process_is_started_with_its_command(mode, name, container, args):
    (pod,) = [pod for made_by, pod in pods(documents(render(mode))) if made_by.endswith(f" {name}")]
    (found,) = [each for each in containers(pod) if each["name"] == container]
    assert found["args"] == args
    assert "command" not in found  # the image's own: tini, then minerva


def test_an_update_takes_no_pod_before_another_is_ready(objects):
    for each in objects:
        if (
            each["kind"] == "Deployment"
            and "replicas" in each["spec"]
            and each["spec"]["replicas"] > 1
        ):
            assert each["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize(("graceful", "pause"), [(30, 10), (45.5, 0), (300, 25)])
def test_a_pod_that_goes_has_time_for_its_pause_and_for_requests_in_flight(graceful, pause):
    values = (f"settings.graceful_timeout_s={graceful}", f"serve.preStopSeconds={pause}")
    more = [part for value in values for part in ("--set-json", value)]
    spec = one(documents(render("standalone", *more)), "Deployment", "shop-minerva")
    pod = spec["spec"]["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] >= graceful + pause + 10
    slept = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {})
    assert slept.get("seconds", 0) == pause


def test_a_product_starts_and_serves_whether_its_sidecar_does_or_not():
    (pod,) = [pod for name, pod in pods(documents(render("sidecar"))) if name.endswith("-app")]
    (sidecar,) = pod["spec"]["initContainers"]
    assert not {"startupProbe", "readinessProbe"} & set(sidecar)


def test_a_product_waits_for_its_sidecar_where_it_is_told_to():
    objects = documents(render("sidecar", "--set", "sidecar.appWaits=true"))
    (pod,) = [pod for name, pod in pods(objects) if name.endswith("-app")]
    (sidecar,) = pod["spec"]["initContainers"]
    ready = {"command": ["minerva", "health", "--ready"]}
    assert sidecar["startupProbe"]["exec"] == sidecar["readinessProbe"]["exec"] == ready


def test_product_and_sidecar_share_a_socket_and_a_group():
    (pod,) = [
        pod for name, pod in pods(documents(render("sidecar-strict"))) if name.endswith("-app")
    ]
    product = pod["spec"]["containers"][0]
    (sidecar,) = [each for each in containers(pod) if each.get("restartPolicy") == "Always"]
    assert variables(product)["MINERVA_SOCKET"] == variables(sidecar)["MINERVA_SOCKET"]
    mounts = [
        m["mountPath"]
        for c in (product, sidecar)
        for m in c["volumeMounts"]
        if m["name"] == "socket"
    ]
    assert mounts == ["/run/minerva"] * 2
    security = pod["spec"]["securityContext"]
    assert variables(sidecar)["MINERVA_SOCKET_GROUP"]["value"] == str(security["fsGroup"]) == "2000"
    assert security["supplementalGroups"] == [3000]
