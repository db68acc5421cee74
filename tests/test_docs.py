"""The manual agrees with the code: its tables are compared, its links lead somewhere."""

import json
import re
import subprocess
from pathlib import Path
from typing import get_type_hints

import click
import msgspec
import pytest

from minerva import errors, settings
from minerva.bootstrap import open_web
from minerva.cli.algorithms import described
from minerva.cli.program import program
from minerva.layers.abstraction.problems.kinds import KINDS
from minerva.layers.abstraction.problems.metric import METRICS
from minerva.layers.abstraction.services import declaration, parsing
from minerva.layers.application.catalogue.plugin import minerva_algorithms as catalogue
from minerva.layers.application.xgboost_trees import minerva_algorithms as boosted_trees
from minerva.layers.core.http.access import _MARK
from minerva.layers.core.http.app import create_app
from minerva.layers.core.http.problems import STATUS
from minerva.schema import Field, FieldType
from minerva.wsgi import house_of

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    {*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")}
    | {
        file
        for name in ("examples", "benchmarks", "docker", "helm")
        for file in (ROOT / name).rglob("*.md")
    }
)


def text_of(name: str) -> str:
    """A document, by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """The first table in a text, without its head."""
    lines = re.search(r"(^\|.*\n)+", text, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def section(text: str, heading: str) -> str:
    """What stands between a heading and the next one."""
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def table(lines: list[str]) -> str:
    """Rows as they should stand in a document, to be pasted there when a test fails."""
    return "\n".join(lines)


def test_the_settings_are_those_of_the_code():
    hints = get_type_hints(settings.Settings, include_extras=True)
    expected = [
        f"| `{field.name}` | `MINERVA_{field.name.upper()}` | `{json.dumps(field.default)}` "
        f"| {hints[field.name].__metadata__[-1].description} |"
        for field in msgspec.structs.fields(settings.Settings)
    ]
    assert table(expected) in text_of("docs/settings.md")


def test_the_errors_are_those_of_the_code():
    known = [errors.MinervaError, *errors.MinervaError.__subclasses__(), errors.StepFailed]
    expected = [
        f"| `{error.code}` | {int(STATUS.get(error, 500))} | {meaning(error)} |" for error in known
    ]
    assert table(expected) in text_of("docs/errors.md")


def meaning(error: type[errors.MinervaError]) -> str:
    """What an error's class says of itself."""
    if error is errors.MinervaError:
        return "A mistake of ours; the log says more."
    return " ".join(error.__doc__.split())


@pytest.fixture
def app(tmp_path):
    """The web interface of an empty workspace."""
    loaded = settings.load(tmp_path, {})
    with open_web(loaded) as container:
        yield create_app(house_of(container, loaded))


def test_the_routes_are_those_of_the_app(app):
    expected = {
        (f"`{method} {as_template(rule.rule)}`", scopes(app, rule.endpoint))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    described = rows(text_of("docs/api.md"))
    assert {(route, scope) for route, scope, _ in described} == expected
    assert len(described) == len(expected)


def as_template(rule: str) -> str:
    """A route as OpenAPI writes it."""
    return re.sub(r"<(?:\w+(?:\(.*?\))?:)?(\w+)>", r"{\1}", rule)


def scopes(app, endpoint: str) -> str:
    """The scopes of a view, as the table tells them."""
    return ", ".join(f"`{scope}`" for scope in getattr(app.view_functions[endpoint], _MARK))


PARTS = {
    "`data`": declaration.DataDeclaration,
    "`training`": declaration.TrainingDeclaration,
    "`split`": declaration.SplitDeclaration,
    "`gate`": declaration.Gate,
    "`batch`": declaration.BatchDeclaration,
    "`serving`": declaration.ServingDeclaration,
    "`limits`": declaration.Limits,
    "`breaker`": declaration.Breaker,
    "`batching`": declaration.Batching,
    "`monitoring`": declaration.MonitoringDeclaration,
    "`watermark`": declaration.WatermarkDeclaration,
    "`retrain`": declaration.RetrainDeclaration,
    "An entry of `schedules`": declaration.ScheduleDeclaration,
    "A field": Field,
}


TUNING = {
    "`tuning`": declaration.TuningDeclaration,
    "A dimension": declaration.Dimension,
}


@pytest.mark.parametrize("heading", TUNING)
def test_the_members_of_a_tuning_are_those_of_the_code(heading):
    described = rows(section(text_of("docs/tuning.md"), heading))
    expected = [
        (f"`{field.name}`", default(field)) for field in msgspec.structs.fields(TUNING[heading])
    ]
    assert [(member, shown) for member, _, shown, _ in described] == expected


@pytest.mark.parametrize("heading", PARTS)
def test_the_members_of_a_service_file_are_those_of_the_code(heading):
    described = rows(section(text_of("docs/service-yaml.md"), heading))
    expected = [
        (f"`{field.name}`", default(field)) for field in msgspec.structs.fields(PARTS[heading])
    ]
    assert [(member, shown) for member, _, shown, _ in described] == expected


def default(field: msgspec.structs.FieldInfo) -> str:
    """A default as the tables tell it."""
    if field.required:
        return "needed"
    if field.default is None:
        return "none"
    if isinstance(field.default, msgspec.Struct):
        return "`{}`"
    if field.default is msgspec.NODEFAULT:
        return f"`{json.dumps(field.default_factory())}`"
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    return f"`{json.dumps(value)}`"


def test_the_top_members_of_a_service_file_are_those_of_the_code():
    described = rows(section(text_of("docs/service-yaml.md"), "Members"))
    assert {member for member, *_ in described} == {f"`{name}`" for name in parsing.MEMBERS}
    needed = {member for member, _, shown, _ in described if shown == "needed"}
    assert needed == {f"`{name}`" for name in parsing.NEEDED}


def test_the_example_of_a_service_file_is_one():
    import yaml

    blocks = re.findall(
        r"^```yaml\n(.*?)^```", text_of("docs/service-yaml.md"), re.MULTILINE | re.DOTALL
    )
    declared = parsing.parse(yaml.safe_load(blocks[0]))
    assert declared.service == "churn"


def test_the_demo_declares_a_service():
    found = parsing.parse_file(ROOT / "examples/telco/services/churn.yaml", check=lambda _: None)
    assert len(found.schema.features) == 19


def of_kind(kind) -> str:
    """What the page of problems says of a kind, to be pasted there when the test fails."""
    metrics = ", ".join(f"`{name}`" for name in kind.metrics(Field(type=FieldType.NUMBER)))
    roles = ", ".join(f"`{role.name}`" for role in kind.roles) or " "
    cells = (
        f"`{kind.name}`",
        kind.wants,
        kind.truth,
        roles,
        ", ".join(kind.ways),
        metrics,
        kind.baseline,
    )
    return f"| {' | '.join(cells)} |"


def of_metric(name: str) -> str:
    """What the page says of a metric."""
    metric = METRICS[name]
    return (
        f"| `{name}` | {'smaller' if metric.smaller_is_better else 'larger'} | {metric.meaning} |"
    )


def test_the_kinds_of_problems_and_their_metrics_are_those_of_the_code():
    page = text_of("docs/problems.md")
    for lines in (map(of_kind, KINDS.values()), map(of_metric, METRICS)):
        expected = table(list(lines))
        assert f"|\n{expected}\n\n" in page, expected


def of_algorithm(algorithm) -> list[str]:
    """What the catalogue's page says of an algorithm, to be pasted there when the test fails."""
    told = described(algorithm, "")
    lines = [f"### `{algorithm.name}`", "", told["description"], ""]
    lines += ["| parameter | type | range | default | what it is |", "|---|---|---|---|---|"]
    for one in told["parameters"]:
        kind = one["type"].replace("|", "\\|")
        range_ = one["range"] or " "
        default_ = "needed" if one["needed"] else f"`{json.dumps(one['default'])}`"
        lines.append(f"| `{one['name']}` | {kind} | {range_} | {default_} | {one['description']} |")
    return lines


def test_the_algorithms_of_the_catalogue_are_those_of_the_code():
    page = text_of("docs/catalogue.md")
    for algorithm in [*catalogue(), *boosted_trees()]:
        assert table(of_algorithm(algorithm)) in page, table(of_algorithm(algorithm))


def test_readme_lists_every_command():
    described = {cells[0] for cells in rows(section(text_of("README.md"), "Commands"))}
    assert described == {f"`minerva {name}`" for name in program.commands}


def test_every_command_that_is_named_exists():
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for words in re.findall(r"`minerva ([a-z]+(?: [a-z]+)?)", text):
            assert resolves(words.split()), f"{document.name}: minerva {words}"


def resolves(words: list[str]) -> bool:
    """Whether there is such a command; an argument ends the search."""
    command: click.Command = program
    for word in words:
        if not isinstance(command, click.Group):
            return True
        if word not in command.commands:
            return False
        command = command.commands[word]
    return True


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    for document in DOCUMENTS:
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", document.read_text("utf-8"), re.MULTILINE))
        assert named <= targets, f"{document.name}: {named - targets}"


def test_the_events_of_webhooks_are_those_of_the_code():
    from minerva.layers.abstraction.webhooks.happening import EVENTS

    described = rows(section(text_of("docs/webhooks.md"), "Subscribe"))
    assert [event for event, *_ in described] == [f"`{event}`" for event in EVENTS]


def test_the_stubs_settings_are_those_of_its_code():
    described = [cells[0] for cells in rows(section(text_of("docs/legacy-stub.md"), "Settings"))]
    named = set(re.findall(r'"(LEGACY_\w+)"', text_of("legacy_stub/settings.py")))
    assert {cell.strip("`") for cell in described} == named


def test_the_stubs_quirks_are_those_of_its_code():
    from legacy_stub.quirks import Quirk

    described = [cells[0] for cells in rows(section(text_of("docs/legacy-stub.md"), "Quirks"))]
    assert described == [f"`{quirk.value}`" for quirk in Quirk]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    text = re.sub(
        r"^```.*?^```", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("http"):
            file, _, _ = target.partition("#")
            assert (document.parent / file).exists(), target


def test_no_file_holds_two_versions_of_a_place():
    """What a merge leaves where it could not decide."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    undecided = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)

    assert files
    assert [file for file in files if file.is_file() and undecided.search(file.read_bytes())] == []


def test_every_decision_is_listed():
    listed = set(re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", text_of("docs/adr/README.md")))
    assert listed == {file.name for file in (ROOT / "docs/adr").glob("0*.md")}


def test_every_page_of_the_manual_is_reached_from_the_readme():
    linked = set(re.findall(r"\(docs/([\w-]+\.md)\)", text_of("README.md")))
    assert linked == {file.name for file in (ROOT / "docs").glob("*.md")}


def test_no_document_names_a_version_of_this_machine():
    for document in DOCUMENTS:
        assert not re.search(r"/(work|root|home|tmp)/", document.read_text(encoding="utf-8"))
