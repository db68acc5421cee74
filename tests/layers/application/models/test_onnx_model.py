"""`onnx`: what ONNX Runtime answers, in the schema's words; or a reason why not."""

import numpy as np
import onnx
import pytest

from minerva import InvalidConfiguration, InvalidData
from minerva.layers.application.models.onnx_graph import read_graph
from minerva.layers.application.models.onnx_model import Onnx

from . import onnx_files as files
from .tables import ABC, BOOLEAN, FRAME, NUMBER, NUMBERS, NUMERIC, YES_NO, records

ROWS = records(FRAME[["size", "count"]])
BY_FIELD = {
    "size": {"type": "number"},
    "colour": {"type": "category", "values": ["blue", "green", "red"]},
    "count": {"type": "integer"},
}


@pytest.fixture
def bring(brought, tmp_path):
    def make(model, output, inputs=NUMERIC, file="model.onnx", /, **parameters):
        raw = model if isinstance(model, bytes) else model.SerializeToString()
        (tmp_path / file).write_bytes(raw)
        return brought(Onnx(), file, output, inputs, **parameters)

    return make


@pytest.mark.parametrize("zipmap", [True, False])
def test_probabilities_answer_as_scikit_learn_does(bring, zipmap):
    model = files.table_classifier(zipmap=zipmap)

    answer = bring(model, YES_NO).answer(ROWS)

    assert answer == pytest.approx(files.YES.predict_proba(NUMBERS), abs=1e-5)
    assert answer.sum(axis=1) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("zipmap", [True, False])
def test_classes_stand_in_the_schemas_order_whatever_the_models(bring, zipmap):
    turned = {"type": "category", "values": ["c", "a", "b"]}

    answer = bring(files.table_classifier(files.ABCS, zipmap=zipmap), turned).answer(ROWS)

    assert answer == pytest.approx(files.ABCS.predict_proba(NUMBERS)[:, [2, 0, 1]], abs=1e-5)


def test_classes_that_are_only_counted_are_taken_in_order(bring):
    answer = bring(files.table_classifier(labels=[0, 1]), YES_NO).answer(ROWS)

    assert answer == pytest.approx(files.YES.predict_proba(NUMBERS), abs=1e-5)


def test_two_counted_classes_answer_a_boolean(bring):
    answer = bring(files.table_classifier(labels=[0, 1], zipmap=False), BOOLEAN).answer(ROWS)

    assert answer == pytest.approx(files.YES.predict_proba(NUMBERS)[:, 1], abs=1e-5)


def test_labels_alone_can_be_asked_for(bring):
    brought = bring(files.table_classifier(files.ABCS), ABC, output="label")

    answer = brought.answer(ROWS)

    assert np.array_equal(np.array(["a", "b", "c"])[answer], files.ABCS.predict(NUMBERS))


@pytest.mark.parametrize("kind", [files.FLOAT, files.DOUBLE])
def test_a_number_answers_as_scikit_learn_does(bring, kind):
    answer = bring(files.line(kind=kind), NUMBER).answer(ROWS)

    assert answer == pytest.approx(files.LINE.predict(NUMBERS), abs=1e-5)


def test_a_logit_becomes_a_chance(bring):
    answer = bring(files.line(), BOOLEAN, scores="logit").answer(ROWS)

    assert answer == pytest.approx(1 / (1 + np.exp(-files.LINE.predict(NUMBERS))), abs=1e-5)


def test_logits_of_classes_become_probabilities(bring):
    answer = bring(files.line(width=3), ABC, scores="logit").answer(ROWS)

    assert answer == pytest.approx(np.full((300, 3), 1 / 3), abs=1e-6)


def test_fields_are_handed_over_by_name(bring):
    asked = records(FRAME.assign(count=FRAME["count"].astype(int)))

    answer = bring(files.by_field(), NUMBER, BY_FIELD).answer(asked)

    hot = FRAME["colour"].map({"red": 10, "green": 20, "blue": 30})
    assert answer == pytest.approx(
        (FRAME["size"] + hot + 100 * FRAME["count"]).to_numpy(), abs=1e-3
    )


@pytest.mark.parametrize("rows", [0, 1, 7])
def test_a_file_that_takes_one_record_at_a_time_is_asked_so(bring, rows):
    answer = bring(files.line(batch=1), NUMBER).answer(ROWS[:rows])

    assert answer == pytest.approx(files.LINE.predict(NUMBERS)[:rows], abs=1e-5)


def test_the_file_tells_classes_and_width(bring):
    told = bring(files.table_classifier(), YES_NO).inspect()

    assert told.inputs == {"feature_0": {"type": "number"}, "feature_1": {"type": "number"}}
    assert told.output == YES_NO


def test_the_file_tells_names_types_and_the_texts_it_knows(bring):
    told = bring(files.by_field(), NUMBER, BY_FIELD).inspect()

    assert told.inputs == {
        "size": {"type": "number"},
        "colour": {"type": "category", "values": ["red", "green", "blue"]},
        "count": {"type": "integer"},
    }
    assert told.output == NUMBER


def test_raw_numbers_for_classes_are_told_as_such(bring):
    told = bring(files.line(width=3), ABC).inspect()

    assert told.output == {"type": "category", "values": [0, 1, 2]}
    assert any("scores: logit" in note for note in told.notes)


RAW = files.table_classifier().SerializeToString()


@pytest.mark.parametrize("length", [0, 1, 5, 40, len(RAW) // 2, len(RAW) - 20, len(RAW) - 9])
def test_a_file_cut_off_anywhere_is_refused(bring, length):
    with pytest.raises(InvalidData, match=r"is no ONNX model|cannot run"):
        bring(RAW[:length], YES_NO).train()


def test_custom_operators_are_named_even_in_a_branch(bring):
    with pytest.raises(InvalidData, match=r"does not have: com\.acme:Mangle"):
        bring(files.custom(), ABC).train()


def test_an_operator_that_the_runtime_does_not_know_is_named(bring):
    model = files.line()
    model.graph.node[0].op_type = "MatMuddle"

    with pytest.raises(InvalidData, match=r"cannot run model.onnx: .*MatMuddle"):
        bring(model, NUMBER).train()


def test_a_fixed_number_of_records_is_refused(bring):
    with pytest.raises(InvalidData, match="exactly 4 records at once"):
        bring(files.line(batch=4), NUMBER).train()


def test_scores_that_are_no_probabilities_are_refused_with_the_way_out(bring):
    with pytest.raises(InvalidConfiguration, match="scores: logit"):
        bring(files.line(width=3), ABC).train()


@pytest.mark.parametrize(("inputs", "fault"), [
    ({"size": NUMERIC["size"]}, "/schema/inputs: 1 used inputs, but the model takes 2"),
    ({"size": NUMERIC["size"], "note": {"type": "text"}}, "/schema/inputs/note: is text"),
])  # fmt: skip
def test_a_schema_that_does_not_fit_a_table_is_refused(bring, inputs, fault):
    with pytest.raises(InvalidConfiguration) as caught:
        bring(RAW, YES_NO, inputs).train()

    assert fault in str(caught.value)


@pytest.mark.parametrize(("inputs", "fault"), [
    ({**BY_FIELD, "weight": {"type": "number"}}, "/schema/inputs/weight: the model does not take it"),
    ({"size": BY_FIELD["size"], "count": BY_FIELD["count"]}, "lacks 'colour'"),
    ({**BY_FIELD, "colour": {"type": "number"}}, "/schema/inputs/colour: the model takes text here"),
    ({**BY_FIELD, "size": {"type": "text"}}, "/schema/inputs/size: is text"),
    ({**BY_FIELD, "size": {"type": "category", "values": ["S", "L"]}}, "categories: index"),
    ({**BY_FIELD, "count": {"type": "integer", "nullable": True}}, "cannot be missing"),
])  # fmt: skip
def test_a_schema_that_does_not_fit_the_tensors_is_refused(bring, inputs, fault):
    with pytest.raises(InvalidConfiguration) as caught:
        bring(files.by_field(), NUMBER, inputs, categories="value").train()

    assert fault in str(caught.value)


@pytest.mark.parametrize(("output", "fault"), [
    ({"type": "category", "values": ["Yes", "Maybe"]}, "its values must be the model's classes: 'No', 'Yes'"),
    (ABC, "has 3 values, but the model tells 2 classes apart"),
    (NUMBER, "is of type number"),
])  # fmt: skip
def test_an_output_that_does_not_fit_is_refused(bring, output, fault):
    with pytest.raises(InvalidConfiguration) as caught:
        bring(RAW, output).train()

    assert fault in str(caught.value)


def test_an_unknown_output_is_refused_with_what_there_is(bring):
    with pytest.raises(InvalidConfiguration, match="it has label, maps"):
        bring(RAW, YES_NO, output="scores").train()


def test_missing_values_where_the_model_knows_none_are_refused(bring):
    inputs = {"size": {"type": "number", "nullable": True}, "count": {"type": "number"}}

    with pytest.raises(InvalidConfiguration, match="NaN"):
        bring(files.line(), NUMBER, inputs).train()


@pytest.fixture
def with_external_weights(tmp_path):
    """A function (location) that writes a model with its weights in another file."""

    def make(folder, location):
        folder.mkdir(exist_ok=True)
        model = files.line()
        onnx.save(model, folder / "model.onnx", save_as_external_data=True,
                  location="weights.bin", size_threshold=0)  # fmt: skip
        model = onnx.load(folder / "model.onnx", load_external_data=False)
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = location
        (folder / "model.onnx").write_bytes(model.SerializeToString())

    return make


def test_weights_beside_the_file_come_along(brought, with_external_weights, tmp_path):
    with_external_weights(tmp_path / "net", "weights.bin")
    brought = brought(Onnx(), "net", NUMBER, NUMERIC)

    answer = brought.answer(ROWS)

    assert answer == pytest.approx(files.LINE.predict(NUMBERS), abs=1e-5)
    names = sorted(one.name for one in (tmp_path / "version").iterdir())
    assert names == ["model.onnx", "weights.bin"]


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "link.bin", "nul\x00"])
def test_weights_from_elsewhere_are_refused(brought, with_external_weights, tmp_path, location):
    folder = tmp_path / "net"
    with_external_weights(folder, location)
    (tmp_path / "secret.bin").write_bytes(b"\0" * 64)
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")

    with pytest.raises(InvalidData, match="outside of its folder"):
        brought(Onnx(), "net", NUMBER, NUMERIC).train()


def test_missing_weights_are_named(brought, with_external_weights, tmp_path):
    with_external_weights(tmp_path / "net", "gone.bin")

    with pytest.raises(InvalidData, match=r"'gone\.bin', which is not beside it: bring the folder"):
        brought(Onnx(), "net", NUMBER, NUMERIC).train()


def test_it_recognises_its_own_files_only(tmp_path):
    (tmp_path / "model.onnx").write_bytes(RAW)
    for name, raw in {
        "a": b"",
        "b": b"\x08",
        "c": b"tree\nversion=v4",
        "d": b"PK\x03\x04",
        "e": b"{}",
    }.items():
        (tmp_path / name).write_bytes(raw)

    assert [one.name for one in sorted(tmp_path.iterdir()) if Onnx().recognises(one)] == [
        "model.onnx"
    ]
    assert Onnx().recognises(tmp_path)


def test_operators_of_the_files_own_functions_are_known():
    model = files.custom()
    body = [onnx.helper.make_node("Identity", ["a"], ["b"])]
    opsets = [onnx.helper.make_opsetid("", 21)]
    model.functions.append(
        onnx.helper.make_function("com.acme", "Mangle", ["a"], ["b"], body, opsets)
    )

    assert read_graph(model.SerializeToString(), "model.onnx").foreign == ()
