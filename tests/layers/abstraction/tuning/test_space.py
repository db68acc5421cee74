"""What may be tried: as declared or as the algorithm advises, held against the algorithm's parameters."""

import math
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import msgspec
import pytest
from tiny import declaration_of

from minerva import Algorithm, InvalidConfiguration, Parameters
from minerva.layers.abstraction.problems.problem import problem_of
from minerva.layers.abstraction.services.declaration import (
    Dimension,
    Gate,
    TrainingDeclaration,
    TuningDeclaration,
)
from minerva.layers.abstraction.tuning.space import (
    Choice,
    Range,
    everything,
    inside,
    metric_of,
    present,
    size,
    space_of,
)


class TreeParameters(Parameters, frozen=True, kw_only=True):
    depth: Annotated[int, msgspec.Meta(ge=1, le=32)] = 4
    rate: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.1
    booster: Literal["tree", "line"] = "tree"
    balanced: bool = False


class Tree(Algorithm):
    name = "tree"
    Parameters = TreeParameters
    train = load = None


class AdvisedTree(Tree):
    search_space: ClassVar = {"depth": {"low": 2, "high": 8}}


def declared(space=None, **members):
    """A service that tunes `space`."""
    dimensions = None if space is None else msgspec.convert(space, dict[str, Dimension])
    declaration = declaration_of("tree", parameters=members.pop("parameters", {}))
    return msgspec.structs.replace(TuningDeclaration(), space=dimensions, **members), declaration


def space(algorithm, given, **members):
    """The space of a service that declares `given`."""
    tuning, declaration = declared(given, **members)
    return space_of(algorithm(), with_tuning(declaration, tuning))


def with_tuning(declaration, tuning):
    """A declaration with a part `tuning`."""
    return replace(declaration, tuning=tuning)


def metric(declaration):
    """What its trials are compared by."""
    return metric_of(declaration, problem_of(AdvisedTree(), declaration))


def faults(given):
    """What is wrong with a declared space, as lines."""
    with pytest.raises(InvalidConfiguration, match="does not fit algorithm tree") as caught:
        space(Tree, given)
    return [str(fault) for fault in caught.value.faults]


def test_ranges_are_of_the_type_of_their_parameter():
    assert space(
        Tree, {"depth": {"low": 2, "high": 8}, "rate": {"low": 0.01, "high": 1, "log": True}}
    ) == {
        "depth": Range(2, 8, whole=True),
        "rate": Range(0.01, 1.0, whole=False, log=True),
    }


def test_a_number_between_whole_ends_is_a_number():
    class Wide(Parameters, frozen=True, kw_only=True):
        weight: Annotated[float, msgspec.Meta(ge=0)] = 1.0

    class Line(Tree):
        Parameters = Wide

    assert space(Line, {"weight": {"low": 1, "high": 9}})["weight"] == Range(1.0, 9.0, whole=False)
    whole = space(Line, {"weight": {"low": 1, "high": 9, "type": "integer"}})["weight"]
    assert whole == Range(1, 9, whole=True)


def test_values_are_a_choice():
    found = space(
        Tree, {"booster": {"values": ["tree", "line"]}, "balanced": {"values": [True, False]}}
    )

    assert found == {"booster": Choice(("tree", "line")), "balanced": Choice((True, False))}


def test_an_undeclared_space_is_the_algorithms_own():
    assert space(AdvisedTree, None) == {"depth": Range(2, 8, whole=True)}
    assert list(space(AdvisedTree, {"rate": {"low": 0.1, "high": 0.2}})) == ["rate"]


def test_without_any_space_it_is_said_what_to_declare():
    with pytest.raises(InvalidConfiguration, match=r"declare `tuning: \{space: …\}`"):
        space(Tree, None)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"dept": {"low": 1, "high": 2}}, "/tuning/space/dept: no parameter of tree; did you mean 'depth'?"),
        ({"depth": {"low": 0, "high": 9}}, "/tuning/space/depth/low: Expected 'int' >= 1"),
        ({"depth": {"low": 2, "high": 99}}, "/tuning/space/depth/high: Expected 'int' <= 32"),
        ({"depth": {"low": 2.5, "high": 9}}, "/tuning/space/depth/low: Expected 'int', got 'float'"),
        ({"depth": {"low": 2, "high": 9, "type": "number"}}, "/tuning/space/depth: Expected 'int', got 'float'"),
        ({"rate": {"low": 0.5, "high": 1.5}}, "/tuning/space/rate/high: Expected 'float' <= 1.0"),
        ({"booster": {"low": 1, "high": 2}}, "/tuning/space/booster/low: Expected 'str', got 'int'"),
        ({"booster": {"values": ["tree", "bush"]}}, "/tuning/space/booster/values/1: unknown; known: line, tree"),
        ({"balanced": {"values": [True, 1]}}, "/tuning/space/balanced/values/1: Expected 'bool', got 'int'"),
    ],
)  # fmt: skip
def test_what_the_parameter_does_not_take_is_pointed_at(given, fault):
    assert fault in faults(given)


def test_every_mistake_is_told_at_once():
    assert len(faults({"depth": {"low": 0, "high": 99}, "rat": {"values": [1, 2]}})) == 3


def test_an_algorithm_that_needs_no_data_has_nothing_to_tune():
    class Rule(AdvisedTree):
        needs_data = False

    with pytest.raises(InvalidConfiguration, match="nothing to tune"):
        space(Rule, None)


def test_an_unreadable_space_of_an_algorithm_is_its_fault():
    class Broken(Tree):
        search_space: ClassVar = {"depth": {"lowest": 2}}

    with pytest.raises(InvalidConfiguration, match="search space of algorithm tree cannot be read"):
        space(Broken, None)


def test_the_metric_is_the_gates_or_the_first_that_fits():
    tuning, declaration = declared()

    assert metric(with_tuning(declaration, tuning)) == "rmse"
    gated = replace(declaration, training=TrainingDeclaration(gate=Gate(metric="r2")))
    assert metric(gated) == "r2"
    asked = msgspec.structs.replace(tuning, metric="mae")
    assert metric(with_tuning(gated, asked)) == "mae"
    wrong = msgspec.structs.replace(tuning, metric="roc_auc")
    with pytest.raises(InvalidConfiguration) as caught:
        metric(with_tuning(declaration, wrong))
    assert [fault.where for fault in caught.value.faults] == ["/tuning/metric"]


def test_a_finite_space_can_be_counted_and_listed():
    finite = {"depth": Range(2, 4, whole=True), "balanced": Choice((True, False))}

    assert size(finite) == 6
    assert len(list(everything(finite))) == 6
    assert {"depth": 4, "balanced": False} in list(everything(finite))
    assert size({**finite, "rate": Range(0.0, 1.0, whole=False)}) == math.inf


def test_the_present_parameters_are_the_declared_ones_or_the_defaults():
    found = space(Tree, {"depth": {"low": 2, "high": 8}, "rate": {"low": 0.01, "high": 1}})

    assert present(Tree(), {"depth": 30}, found) == {"depth": 30, "rate": 0.1}


def test_parameters_are_inside_or_not():
    found = {"depth": Range(2, 8, whole=True), "balanced": Choice((True, False))}

    assert inside(found, {"depth": 8, "balanced": True})
    assert not inside(found, {"depth": 9, "balanced": True})
    assert not inside(found, {"depth": 2.5, "balanced": True})
    assert not inside(found, {"depth": 3, "balanced": 1})
    assert not inside(found, {"depth": 3})
