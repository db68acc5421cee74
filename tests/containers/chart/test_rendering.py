"""What the chart renders to: accepted by Kubernetes' own schemas, as reviewed, and unlike any other release."""

import difflib
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from custom_kinds import SHAPES, strangers
from helm_chart import (
    CHART,
    CONTAINERS,
    GOLDEN,
    KUBERNETES,
    MODES,
    ROOT,
    documents,
    golden_text,
    helm,
    one,
    render,
)

HOW = "; if it is meant: .venv/bin/python tests/containers/chart/helm_chart.py"
EXAMPLES = sorted(
    [
        *(ROOT / "helm/examples").glob("*.yaml"),
        *(ROOT / "helm/kserve").glob("*.yaml"),
        ROOT / "helm/test-cluster-load.yaml",
    ]
)


def validated(file: Path, version: str) -> tuple[int, str]:
    """Hold a file against the schemas of a version of Kubernetes; the schemas come with the package."""
    program = CONTAINERS / "bin" / "kubernetes-validate"
    command = [program, "-k", version, "--strict", "--quiet", file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def complaints(told: str) -> list[str]:
    """What is told but that a kind which we check ourselves is unknown."""
    ours = [f"schema for kind {kind} with api version {version} " for version, kind in SHAPES]
    return [line for line in told.splitlines() if not any(each in line for each in ours)]


def test_the_chart_passes_lint(mode):
    done = helm("lint", "--strict", "--quiet", CHART, "--values", MODES[mode])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_knows_every_member(mode, version, tmp_path):
    file = tmp_path / "rendered.yaml"
    file.write_text(render(mode, "--kube-version", version))
    code, told = validated(file, version)
    assert (code, complaints(told)) == (0, [])


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_kubernetes_knows_every_member_of_the_examples(file, version):
    code, told = validated(file, version)
    assert (code, complaints(told)) == (0, [])


def test_a_member_that_kubernetes_does_not_know_is_found(tmp_path):
    file = tmp_path / "pod.yaml"
    file.write_text(
        EXAMPLES[0].read_text().replace("restartPolicy: Always", "restartPolcy: Always")
    )
    code, told = validated(file, KUBERNETES[0])
    assert code == 1
    assert "restartPolcy" in told


def test_other_projects_know_every_member(objects):
    custom = [each for each in objects if (each["apiVersion"], each["kind"]) in SHAPES]
    assert [(each["kind"], strangers(each)) for each in custom if strangers(each)] == []


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_other_projects_know_every_member_of_the_examples(file):
    custom = [
        each for each in documents(file.read_text()) if (each["apiVersion"], each["kind"]) in SHAPES
    ]
    assert [(each["kind"], strangers(each)) for each in custom if strangers(each)] == []


def test_a_member_that_another_project_does_not_know_is_found():
    scaled = one(documents(render("zero")), "ScaledObject", "shop-minerva-worker")
    scaled["spec"]["triggers"][0]["metadata"]["targetQueryvalue"] = "2"
    assert strangers(scaled) == ["spec.triggers[0].metadata.targetQueryvalue"]


def test_a_mode_renders_as_it_was_reviewed(mode):
    golden = (GOLDEN / f"{mode}.yaml").read_text(encoding="utf-8")
    now = golden_text(mode)
    lines = difflib.unified_diff(
        golden.splitlines(), now.splitlines(), "reviewed", "now", lineterm="", n=2
    )
    assert documents(golden) == documents(now), "\n".join([*lines, HOW])


def test_every_reviewed_rendering_is_of_a_mode():
    assert {file.stem for file in GOLDEN.glob("*.yaml")} == set(MODES)


def names(rendered: list[dict]) -> set[tuple[str, str]]:
    """Kind and name of all objects."""
    return {(each["kind"], each["metadata"]["name"]) for each in rendered}


@pytest.mark.parametrize(
    "other",
    ["shop2", "shop-minerva", "shop-minerva-worker", "minerva", "s", "x" * 53, "x" * 52 + "y"],
)
def test_two_releases_in_a_namespace_have_no_name_in_common(mode, other):
    for release in ("shop", "x" * 53 if other[-1] == "y" else "worker"):
        first = names(documents(render(mode, release=release)))
        second = names(documents(render(mode, release=other)))
        assert first & second == set()


def test_no_name_is_too_long_for_what_is_derived_from_it(mode):
    longest = "x" * 53
    assert max(len(name) for _, name in names(documents(render(mode, release=longest)))) <= 52


def test_services_and_budgets_choose_pods_that_there_are(objects):
    labels = [
        each["spec"]["template"]["metadata"]["labels"]
        for each in objects
        if each["kind"] in {"Deployment", "StatefulSet"}
    ]
    for each in objects:
        if each["kind"] in {"Service", "PodDisruptionBudget"}:
            chosen = each["spec"]["selector"]
            wanted = chosen.get("matchLabels", chosen).items()
            assert any(wanted <= one.items() for one in labels), each["metadata"]["name"]


def test_every_reference_to_an_object_of_the_release_finds_it(objects):
    """Names of the release that appear anywhere are names of its objects."""
    known = {each["metadata"]["name"] for each in objects}
    texts = [text for each in objects for text in _texts(each) if text.startswith("shop-minerva")]
    assert {text.split(".")[0] for text in texts} <= known


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def test_a_migration_comes_before_anything_else_and_needs_nothing_of_the_release():
    rendered = documents(render("standalone"))
    job = one(rendered, "Job", "shop-minerva-migrate")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    own = {each["metadata"]["name"] for each in rendered} - {"shop-minerva-migrate"}
    assert own & set(_texts(job)) == set()


def test_generated_keys_are_there_before_the_migration_and_never_made_anew():
    more = ("--set", "keys.existingSecret=", "--set", "keys.generate=true")
    rendered = documents(render("standalone", *more))
    keys = one(rendered, "Secret", "shop-minerva-keys")["metadata"]["annotations"]
    job = one(rendered, "Job", "shop-minerva-migrate")["metadata"]["annotations"]
    assert keys["helm.sh/hook"] == "pre-install"
    assert int(keys["helm.sh/hook-weight"]) < int(job["helm.sh/hook-weight"])


def test_the_chart_has_the_version_of_the_product():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    product = (ROOT / "pyproject.toml").read_text().split('version = "', 1)[1].split('"', 1)[0]
    assert (chart["version"], chart["appVersion"]) == (product, product)


def test_scripts_can_be_started():
    assert os.access(ROOT / "helm/test-cluster.sh", os.X_OK)
