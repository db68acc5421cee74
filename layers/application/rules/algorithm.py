"""The algorithm `rules`: the first rule whose condition is true answers, else `otherwise` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np

from minerva import (
    Algorithm,
    Batch,
    Context,
    InvalidConfiguration,
    Parameters,
    Predictions,
    Schema,
    TrainingContext,
    TrainingData,
)
from minerva.errors import Fault
from minerva.layers.application.answers import Written
from minerva.layers.application.rules.answering import Answer, compile_answers, fault_text
from minerva.layers.application.rules.columns import truth
from minerva.layers.application.rules.compiler import compile_expression
from minerva.layers.application.rules.kinds import Compiled, Kind

FILE = "rules.json"
MAX_RULES = 1_000


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition and what it answers."""

    when: str
    then: dict[str, Written]


class RulesParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `rules`."""

    rules: Annotated[
        tuple[Rule, ...],
        msgspec.Meta(
            max_length=MAX_RULES,
            description="`when`: a condition; `then`: output → value, probabilities or expression",
        ),
    ] = ()
    otherwise: Annotated[
        dict[str, Written], msgspec.Meta(description="The answer where no rule applies")
    ]


@dataclass(frozen=True)
class _CompiledRule:
    when: Compiled
    then: Mapping[str, Answer]


@dataclass(frozen=True, eq=False)
class RulesModel:
    """Compiled rules. Pure functions over columns: thread-safe, and each row is for itself."""

    parameters: RulesParameters
    rules: tuple[_CompiledRule, ...]
    otherwise: Mapping[str, Answer]

    def predict(self, batch: Batch) -> Predictions:
        """Answer every record; a rule whose answer is missing for a record does not apply to it."""
        outputs = {
            name: np.array(answer.run(batch), dtype=np.float64)
            for name, answer in self.otherwise.items()
        }
        undecided = np.ones(len(batch), dtype=bool)
        for rule in self.rules:
            applies = undecided & truth(rule.when.run(batch))
            if not applies.any():
                continue
            answers = {name: answer.run(batch) for name, answer in rule.then.items()}
            for name, column in answers.items():
                if rule.then[name].optional:
                    applies &= ~np.isnan(column)
            for name, column in answers.items():
                outputs[name][applies] = column[applies]
            undecided &= ~applies
        return outputs

    def save(self, folder: Path) -> None:
        """Write the rules as the user wrote them."""
        (folder / FILE).write_bytes(msgspec.json.encode(self.parameters))


class Rules(Algorithm):
    """Conditions over the inputs, written in a small safe language; the first that is true answers."""

    name = "rules"
    runtime = "inline"
    Parameters = RulesParameters
    needs_data = False

    def train(self, data: TrainingData, context: TrainingContext) -> RulesModel:
        """Compile the rules. Raises InvalidConfiguration with every fault, each pointed at."""
        del data
        return _model(context.parameters, context.schema)

    def load(self, folder: Path, context: Context) -> RulesModel:
        """Read and compile what `save` wrote."""
        saved = msgspec.json.decode((folder / FILE).read_bytes(), type=RulesParameters)
        return _model(saved, context.schema)


def _model(parameters: RulesParameters, schema: Schema) -> RulesModel:
    faults: list[Fault] = []
    rules = []
    for position, rule in enumerate(parameters.rules):
        where = f"/parameters/rules/{position}"
        then, wrong = compile_answers(rule.then, schema, f"{where}/then", complete=False)
        try:
            rules.append(_CompiledRule(compile_expression(rule.when, schema, Kind.TRUTH), then))
        except InvalidConfiguration as error:
            faults.append(Fault(f"{where}/when", fault_text(error)))
        faults.extend(wrong)
    otherwise, wrong = compile_answers(
        parameters.otherwise, schema, "/parameters/otherwise", complete=True
    )
    faults.extend(wrong)
    if faults:
        raise InvalidConfiguration("The rules cannot be used.", faults=faults)
    return RulesModel(parameters, tuple(rules), otherwise)
