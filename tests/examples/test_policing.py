"""The flow of recorded events: finds hot spots, beats what is simple, knows no future, and says what is wrong."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from minerva import Field, FieldType, Items, StepContext
from minerva.bootstrap import open_job
from minerva.errors import InvalidData, InvalidInput, MinervaError
from minerva.layers.abstraction.flows.volume import RequestVolume
from minerva.layers.abstraction.plugins.catalogue import Plugins
from minerva.layers.abstraction.services.extending import read_extended
from minerva.layers.abstraction.services.parsing import parse
from minerva.layers.abstraction.serving.terms import Terms
from minerva.schema import Decoder
from minerva.settings import load

EXAMPLES = Path(__file__).parents[2] / "examples"
FEW = {"every": 13, "end": 1827 + 90}
"""Learns from a third of the intervals, and is judged by a month: enough here, and quick."""


@pytest.fixture(scope="module")
def policing():
    """The example's package, which lies beside the other examples."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(EXAMPLES)
        import policing.findings
        import policing.forecasting
        import policing.page

        yield policing


@pytest.fixture(scope="module")
def events(policing):
    """What is recorded evenly, of all that happens."""
    return policing.city.recorded(policing.city.happened()).table()


class Trained:
    """The flow of a workspace, with what it has learnt."""

    def __init__(self, workspace, container, model, schema):
        self.workspace, self.container, self.model = workspace, container, model
        self.decoder = Decoder(schema)

    def ask(self, *cells, start):
        records = [{"cell_x": x, "cell_y": y, "start": start} for x, y in cells]
        return self.model.predict(self.decoder.records(records))["events"]


@pytest.fixture(scope="module")
def flow(policing, events, tmp_path_factory):
    study = replace(policing.study.CITY, **FEW)
    workspace = policing.forecasting.workspace_of(
        study, events, tmp_path_factory.mktemp("policing")
    )
    with open_job(load(workspace, {})) as container:
        declared = parse(read_extended(workspace / "flows" / "policing.yaml").value)
        configuration = container.registry.declare("default", declared, "test")
        told = container.versioning.make(
            configuration, job_id=None, author="test", progress=lambda *_, **__: None
        )
        version = container.registry.version("default", "policing", told["version"])
        model = container.versioning.loader.load(version, Terms()).model
        yield Trained(workspace, container, model, declared.schema)


@pytest.fixture
def known(flow):
    """The workspace's file of events, which is as it was afterwards."""
    file = flow.workspace / "data" / "events.csv"
    before = file.read_bytes()
    yield file
    file.write_bytes(before)


@pytest.fixture(scope="module")
def found(policing, events, flow):
    """The flow's forecast of a month, beside simple ones."""
    study = replace(policing.study.CITY, **FEW)

    def ask(study, _):
        asked = study.questions(study.later()).to_dict("records")
        return flow.model.predict(flow.decoder.records(asked))["events"].reshape(-1, 256)

    return policing.findings.found(study, events, ask)


def test_known_hot_spots_are_found(policing, found):
    expected = found.forecasts["the flow"].mean(axis=0)
    cells = np.arange(256)
    x, y = cells % 16 * 0.5 + 0.25, cells // 16 * 0.5 + 0.25

    for spot in policing.city.SPOTS:
        if spot.days[1] == policing.city.DAYS and not spot.summer:
            near = np.hypot(x - spot.x, y - spot.y) < 0.4
            assert expected[near].mean() > 2 * expected.mean(), spot.name


def test_a_spot_that_is_gone_is_forecast_no_more(policing, found):
    depot = next(spot for spot in policing.city.SPOTS if spot.name == "Old Depot")
    cell = int(depot.y / 0.5) * 16 + int(depot.x / 0.5)
    told, mean = (
        found.forecasts[name][:, cell].mean() for name in ("the flow", "mean of the cell")
    )

    assert told < mean / 2


def test_it_meets_more_than_every_simple_forecast(found):
    (_, flow), *others = found.table()

    for name, scores in others:
        for mine, theirs in list(zip(flow, scores, strict=True))[1:]:  # a tenth and a fifth
            assert mine.pai > theirs.pai, (name, mine.share)


def test_what_it_expects_is_about_what_comes(found):
    assert found.forecasts["the flow"].sum() == pytest.approx(found.recorded.sum(), rel=0.1)


def test_a_bias_in_the_records_is_one_in_the_forecast_and_pai_does_not_tell(policing, found):
    """In Milltown and Parkside the same happens, and patrols see more in the first."""
    from policing.judging import scores

    study = replace(policing.study.CITY, **FEW)
    happened = policing.city.happened()
    biased = policing.city.recorded(happened, policing.city.BIASED).table()
    forecast = policing.forecasting.forecast(study, biased)
    recorded, truth = (study.counts(some)[study.later()] for some in (biased, happened.table()))

    of = policing.fairness.cell_districts()
    mill, park = policing.fairness.districts(forecast, recorded, truth, of, 0.1)[:2]

    assert mill.happened == pytest.approx(park.happened, rel=0.2)
    assert mill.flagged > 3 * park.flagged
    assert mill.calibration > 2 * park.calibration
    assert scores(forecast, recorded)[1].pai > 0.95 * found.table()[0][1][1].pai


def test_real_earthquakes_are_met_six_times_as_often_as_by_chance(policing):
    """No better than the mean of the cell, though: there are too few to tell the two apart."""
    found = policing.findings.earthquakes_found(policing.forecasting.forecast)
    (_, flow), *_ = found.table()
    gained = found.gained("mean of the cell")

    assert found.recorded.sum() == 133
    assert flow[1].pai > 5
    assert gained.low < 0 < gained.high


def test_an_answer_does_not_depend_on_what_comes_later(flow, known):
    """The future is thrown away, or tripled and moved: a leak would show in the answer."""
    start = "2025-09-10T16:00:00Z"
    cells = [(3, 12), (12, 13), (4, 3), (0, 0)]
    answers = flow.ask(*cells, start=start)
    table = pd.read_csv(known)
    past, future = table[table.time < start], table[table.time >= start]

    for other in (past, pd.concat([past, *[future.assign(lon=-29.99)] * 3])):
        other.to_csv(known, index=False)
        assert np.array_equal(flow.ask(*cells, start=start), answers)


def test_an_answer_does_depend_on_what_came_before(flow, known):
    start = "2025-09-10T16:00:00Z"
    answer = flow.ask((3, 12), start=start)
    table = pd.read_csv(known)
    lately = (table.time > "2025-08-20") & (table.time < start)
    table[~lately | (table.time > "2025-09-10T12:00:00Z")].to_csv(known, index=False)

    assert flow.ask((3, 12), start=start) < 0.8 * answer


def test_a_row_is_answered_alike_alone_and_among_others(flow):
    start = "2025-09-10T16:00:00Z"
    together = flow.ask((3, 12), (12, 13), start=start)

    assert flow.ask((12, 13), start=start) == pytest.approx(together[1:], rel=1e-6)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"cell_x": 16, "cell_y": 0, "start": "2025-09-10T16:00:00Z"}, "/records/0/cell_x"),
        ({"cell_x": 1, "cell_y": -1, "start": "2025-09-10T16:00:00Z"}, "/records/0/cell_y"),
        ({"cell_x": 1, "cell_y": 1, "start": "tomorrow"}, "/records/0/start"),
        (
            {"cell_x": 1, "cell_y": 1, "start": "2025-09-10T16:30:00Z"},
            "place.*No interval of 8 hours begins",
        ),
        (
            {"cell_x": 1, "cell_y": 1, "start": "2023-12-31T16:00:00Z"},
            "place.*No interval comes before",
        ),
        (
            {"cell_x": 1, "cell_y": 1, "start": "2026-03-01T00:00:00Z"},
            "known.*Events are known until 2025-12-31",
        ),
    ],
)
def test_what_cannot_be_asked_is_told(flow, record, words):
    with pytest.raises(InvalidInput) as caught:
        flow.model.predict(flow.decoder.records([record]))

    assert re.search(words, str(caught.value), re.DOTALL), str(caught.value)


EVENT = "theft,2025-01-01T10:00:00Z,-29.95,40.02\n"


@pytest.mark.parametrize(
    ("rows", "where", "reason"),
    [
        (EVENT + "theft,2025-01-01T11:00:00Z,,\n", "data/events.csv:3", "has no place"),
        (EVENT + "theft,2025-01-01T11:00:00Z,-29.95,91\n", "data/events.csv:3", "has no place"),
        (EVENT + "theft,soon,-29.95,40.02\n", "data/events.csv:3", "has no time"),
        (
            "theft,2999-01-01T11:00:00Z,-29.95,40.02\n" + EVENT,
            "data/events.csv:2",
            "lies in the future",
        ),
    ],
)
def test_an_event_that_is_none_is_told_with_its_line(flow, known, rows, where, reason):
    known.write_text("type,time,lon,lat\n" + rows)

    with pytest.raises(InvalidData, match="events that cannot be used") as caught:
        flow.ask((1, 1), start="2025-01-01T16:00:00Z")

    assert [fault.where for fault in caught.value.faults if reason in fault.message] == [where]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("type,time,lon\ntheft,2025-01-01T10:00:00Z,1\n", "has no column lat"),
        ("type,time,lon,lat\n", "holds no events"),
        ("", "cannot be read as a CSV file"),
    ],
)
def test_a_file_without_events_is_told(flow, known, content, words):
    known.write_text(content)

    with pytest.raises(InvalidData, match=words):
        flow.ask((1, 1), start="2025-01-01T16:00:00Z")


def test_a_file_that_is_not_there_is_told(flow, known):
    known.unlink()

    with pytest.raises(MinervaError, match=r"There is no file data/events\.csv"):
        flow.ask((1, 1), start="2025-01-01T16:00:00Z")


@pytest.fixture
def collected(tmp_path):
    """What the collector makes of a file with two events, on its own."""
    more = EVENT.replace("theft", "assault").replace("T10", "T09")
    (tmp_path / "events.csv").write_text("type,time,lon,lat\n" + EVENT + more)
    step = Plugins(EXAMPLES / "policing")().steps()["collect", "incidents"]
    volume = RequestVolume(tmp_path, run="0" * 32, quota_mb=1)

    def run(folder=tmp_path, **parameters):
        wanted = step.Parameters(**parameters)
        start = {"start": Field(type=FieldType.TIMESTAMP)}
        context = StepContext(wanted, step.outputs(start, wanted), folder, volume)
        made = step.run(Items.single(start, {"start": np.array([0.0])}, 1), context)
        return np.load(volume.path(made["events"][0]))

    return run


def test_events_are_handed_on_in_the_order_of_time(collected):
    ten, nine = (pd.Timestamp(f"2025-01-01T{hour}:00Z").timestamp() for hour in ("10:00", "09:00"))

    assert collected(path="events.csv").tolist() == [[nine, -29.95, 40.02], [ten, -29.95, 40.02]]


def test_types_may_be_chosen(collected):
    assert len(collected(path="events.csv", types=("theft",))) == 1

    with pytest.raises(InvalidData, match="no events of the types that count"):
        collected(path="events.csv", types=("arson",))


def test_a_file_outside_the_workspace_is_not_read(collected, tmp_path):
    with pytest.raises(InvalidData, match="does not lie in the workspace"):
        collected(tmp_path / "inner", path="../events.csv")
