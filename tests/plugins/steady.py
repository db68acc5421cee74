"""An algorithm that needs no data: always the same chance, or none at all."""

import json

import numpy as np

import minerva


class Steady(minerva.Algorithm):
    """Always the same chance; fails where a tenure of 666 is asked about."""

    name = "steady"
    needs_data = False
    runtime = "inline"  # a process of its own for each test takes its time

    class Parameters(minerva.Parameters, frozen=True):
        chance: float = 0.25

    def train(self, data, context):
        return SteadyModel(context.parameters.chance)

    def load(self, folder, context):
        return SteadyModel(json.loads((folder / "steady.json").read_text()))


class SteadyModel:
    def __init__(self, chance):
        self.chance = chance

    def predict(self, batch):
        if (batch["tenure"] == 666).any():
            raise ValueError("tenure 666 of anna@example.org is cursed")
        return {"churn": np.tile([1 - self.chance, self.chance], (len(batch), 1))}

    def save(self, folder):
        (folder / "steady.json").write_text(json.dumps(self.chance))


@minerva.hookimpl
def minerva_algorithms():
    return [Steady()]
