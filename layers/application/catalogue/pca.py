"""`pca.components`: the few directions in which rows differ most (principal components)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minerva import FieldType, InvalidConfiguration, Schema, TrainingContext
from minerva.errors import Fault
from minerva.layers.application.catalogue.features import Matrix
from minerva.layers.application.catalogue.supervised import Learnt, sklearn
from minerva.layers.application.catalogue.unsupervised import REDUCTION, Unsupervised


class PrincipalComponents(Unsupervised):
    """Where a row lies along the directions in which rows differ most, one output for each."""

    name = "pca.components"
    example = "examples/catalogue/services/digits-pca.yaml"
    problem = REDUCTION
    output = FieldType.NUMBER

    def check(self, schema: Schema) -> None:
        """Take any number of numbers."""
        self.check_types(schema)

    def fit(self, rows: Matrix, context: TrainingContext) -> Learnt:
        """Find the directions. Raises InvalidConfiguration for more of them than there are."""
        count = len(context.schema.output)
        if count > min(rows.shape):
            raise InvalidConfiguration(
                f"The inputs are {rows.shape[1]} columns in {len(rows)} rows: they have no {count} "
                "directions.",
                faults=[Fault("/schema/output", f"has {count} outputs: declare fewer")],
            )
        found = sklearn("decomposition").PCA(count, svd_solver="full").fit(rows)
        return {"directions": found.components_, "centre": found.mean_}

    def answer(self, learnt: Mapping[str, NDArray[Any]], rows: Matrix) -> NDArray[np.float64]:
        """Return how far along each direction."""
        return np.asarray((rows - learnt["centre"]) @ learnt["directions"].T, np.float64)
