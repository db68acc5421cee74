"""The text of a new algorithm and its test: a small learner that works, to be replaced piece by piece."""

from __future__ import annotations

_ABOUT = (
    '"""__NAME__: the mean of similar past cases. Replace what it learns by what you know."""\n'
)

_MODEL_IMPORTS = """
import json

import numpy as np
"""

_ALGORITHM_IMPORTS = """
from typing import Annotated

import numpy as np
from minerva import Algorithm, FieldType, InvalidData, Parameters, hookimpl
from msgspec import Meta
"""

_BOTH_IMPORTS = """
import json
from typing import Annotated

import numpy as np
from minerva import Algorithm, FieldType, InvalidData, Parameters, hookimpl
from msgspec import Meta
"""

_MODEL = '''

class __CLASS__Model:
    """Each input votes with the mean of its group; `tables` holds their answers."""

    def __init__(self, output, tables):
        self.output, self.tables = output, tables

    def predict(self, batch):
        """Answer every record for itself, whatever else is in the batch."""
        votes = [
            np.asarray(answers)[groups(column, borders)]
            for column, (borders, answers) in zip(batch.matrix().T, self.tables)
        ]
        return {self.output: np.mean(votes, axis=0)}

    def save(self, folder):
        """Write all that `load` needs."""
        (folder / "model.json").write_text(json.dumps([self.output, self.tables]))


def groups(column, borders):
    """Return the group of each value: 0 where it is missing, then one between borders."""
    return np.where(np.isnan(column), 0, 1 + np.searchsorted(borders, column))
'''

_ALGORITHM = '''

class __CLASS__Parameters(Parameters):
    """What a service may set under `parameters:`."""

    caution: Annotated[
        float,
        Meta(gt=0, le=1000, description="Average cases that each group starts with"),
    ] = 10.0


class __CLASS__(Algorithm):
    """Predicts the mean of similar past cases."""

    name = "__NAME__"
    Parameters = __CLASS__Parameters

    def train(self, data, context):
        """Learn a table for each input."""
        name, output = context.schema.target()
        if len(data) == 0:
            raise InvalidData("There is no row to learn from.")
        truth = data.target()
        if output.type is FieldType.CATEGORY:
            truth = np.eye(len(output.values))[truth]  # their means are probabilities
        caution = context.parameters.caution
        tables = []
        for column in data.inputs.matrix().T:
            context.progress(len(tables) / len(context.schema.features))
            borders = borders_of(column)
            group = groups(column, borders)
            answers = [
                (truth[group == one].sum(axis=0) + caution * truth.mean(axis=0))
                / (np.count_nonzero(group == one) + caution)
                for one in range(len(borders) + 2)
            ]
            tables.append([borders, np.asarray(answers).tolist()])
        return __CLASS__Model(name, tables)

    def load(self, folder, context):
        """Read back what `save` wrote."""
        stored = json.loads((folder / "model.json").read_text())
        return __CLASS__Model(*stored)


def borders_of(column):
    """Return where one group ends: at each value, or at tenths if there are many."""
    known = np.unique(column[~np.isnan(column)])
    if len(known) > 16:
        known = np.unique(np.quantile(known, np.linspace(0.1, 0.9, 9)))
    return known.tolist()


@hookimpl
def minerva_algorithms():
    """Tell Minerva what this plugin brings."""
    return [__CLASS__()]
'''

_TEST = '''"""__NAME__ keeps the contract: run this with pytest, or `minerva test __PATH__`."""

from pathlib import Path

from minerva.testing import AlgorithmContract, algorithms_in

PLUGIN = Path(__file__).parents[1] / "__PATH__"


class Test__CLASS__OfCategories(AlgorithmContract):
    (algorithm,) = algorithms_in(PLUGIN)
    output = "category"


class Test__CLASS__OfNumbers(AlgorithmContract):
    (algorithm,) = algorithms_in(PLUGIN)
    output = "number"
'''


def algorithm_files(name: str, *, folder: bool) -> dict[str, str]:
    """Return path in the workspace → text: the plugin, a file or a folder, and its test."""
    plugin = f"plugins/{name}" if folder else f"plugins/{name}.py"
    if folder:
        imports = f"import json\n{_ALGORITHM_IMPORTS.lstrip()}\nfrom .model import __CLASS__Model, groups\n"
        files = {
            f"{plugin}/__init__.py": f"{_ABOUT}\n{imports}{_ALGORITHM}",
            f"{plugin}/model.py": f'"""The model of __NAME__."""\n{_MODEL_IMPORTS}{_MODEL}',
        }
    else:
        files = {plugin: f"{_ABOUT}{_BOTH_IMPORTS}{_MODEL}{_ALGORITHM}"}
    files[f"tests/test_{name}.py"] = _TEST
    return {path: _filled(text, name, plugin) for path, text in files.items()}


def _filled(text: str, name: str, path: str) -> str:
    words = "".join(part.capitalize() for part in name.split("_"))
    return text.replace("__CLASS__", words).replace("__NAME__", name).replace("__PATH__", path)
