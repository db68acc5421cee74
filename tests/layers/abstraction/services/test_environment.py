"""References to the environment, expanded at the last moment."""

import pytest

from minerva.errors import InvalidConfiguration
from minerva.layers.abstraction.services.declaration import DataDeclaration
from minerva.layers.abstraction.services.environment import expand


def test_path_and_url_are_expanded_and_nothing_else():
    data = DataDeclaration(
        source="sql", url="pg://${USER}:${PW}@h/${USER}", query="select '${PW}'", path="${PW}/$x"
    )

    expanded = expand(data, {"USER": "u", "PW": "p${USER}"})

    assert expanded.url == "pg://u:p${USER}@h/u"
    assert expanded.path == "p${USER}/$x"
    assert expanded.query == "select '${PW}'"
    assert data.url == "pg://${USER}:${PW}@h/${USER}"


def test_what_names_no_variable_stays_as_it_is():
    data = DataDeclaration(source="csv", path="data.csv")

    assert expand(data, {}) == data


def test_a_variable_that_is_not_set_is_named():
    data = DataDeclaration(source="csv", path="${FOLDER}/data.csv")

    with pytest.raises(InvalidConfiguration, match="environment variable FOLDER, which is not set"):
        expand(data, {})


def test_a_variable_may_be_set_to_nothing():
    data = DataDeclaration(source="csv", path="${FOLDER}data.csv")

    assert expand(data, {"FOLDER": ""}).path == "data.csv"
