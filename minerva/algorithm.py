"""The contract of the application layer: bring your own model or algorithm (BYOMOA).

An algorithm learns a model from data; a model predicts. Both are plain classes:

    class Mean(Algorithm):
        name = "mean"

        def train(self, data, context):
            return MeanModel(float(data.target().mean()), context.schema.target()[0])

        def load(self, folder, context):
            return MeanModel(*json.loads((folder / "mean.json").read_text()))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import msgspec
from numpy.typing import NDArray

from minerva.schema import Batch, Schema

Predictions = Mapping[str, NDArray[Any]]
"""Output name → array over n records.

category: probabilities, float of shape (n, len(values)), rows summing to 1; or int of shape (n,),
the index into the output's values. integer, number: float of shape (n,). boolean: float of shape
(n,), the probability of true.
"""


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of an algorithm's typed parameters; this one has none.

    Subclass it and annotate with `msgspec.Meta(ge=…, le=…, description=…)`: ranges are checked, and
    help and JSON Schema are made from it.
    """


class Progress(Protocol):
    """How a long training tells how far it is."""

    def __call__(self, fraction: float, message: str = "") -> None:
        """Report `fraction` in 0..1 done; cheap, may be called often."""


class Report(Protocol):
    """How a training tells what it has reached so far, so that a hopeless one can be ended."""

    def __call__(self, step: int, loss: float) -> None:
        """Tell a loss (less is better) after a step in 0..100, percent of the most effort there is.

        The same loss, on rows that are not learnt from, for all parameters that are compared. Raises
        TrialPruned where the training is a trial that need not be finished: let it pass.
        """


class TrialPruned(BaseException):
    """A trial of a tuning is ended early. No Exception: what catches those must not keep it going."""


@dataclass(frozen=True)
class Context:
    """What an algorithm is told about the service it works for."""

    schema: Schema
    parameters: Any
    """An instance of the algorithm's own `Parameters` class."""
    workspace: Path
    """Relative paths in parameters are below this folder."""
    threads: int = 1
    """How many CPU threads the algorithm may use."""
    allow_pickle: bool = False
    """Whether the service allows what can run code when it is read: pickle and joblib."""
    service: str = ""
    """The service's name."""
    house: Any = None
    """What flows are made of, other services above all; None in a process of a model's own."""


@dataclass(frozen=True)
class TrainingContext(Context):
    """A `Context` with what only training needs."""

    seed: int = 0
    progress: Progress = lambda fraction, message="": None  # noqa: ARG005 - names are the Protocol's
    report: Report = lambda step, loss: None  # noqa: ARG005 - names are the Protocol's


@dataclass(frozen=True, eq=False)
class TrainingData:
    """Inputs and truth, row by row.

    `targets` maps output name → shape (n,): int32 index into the values for a category, else float64.
    Algorithms without `needs_data` get zero rows.
    """

    inputs: Batch
    targets: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.inputs)

    def target(self) -> NDArray[Any]:
        """Return the first output's truth, the one that metrics are about."""
        return self.targets[self.inputs.schema.target()[0]]

    def take(self, indices: NDArray[Any]) -> TrainingData:
        """Return the rows at `indices` (int, shape (m,))."""
        targets = {name: column[indices] for name, column in self.targets.items()}
        return TrainingData(self.inputs.take(indices), targets)


class Model(Protocol):
    """A trained thing that predicts. Called from several threads at once."""

    def predict(self, batch: Batch) -> Predictions:
        """Return one array per output; row i answers record i, whatever the batch size."""

    def save(self, folder: Path) -> None:
        """Write everything that `Algorithm.load` needs into the existing, empty `folder`."""


@runtime_checkable
class Explains(Protocol):
    """A model that can say why."""

    def explain(self, batch: Batch) -> NDArray[Any]:
        """Return contributions, float of shape (n, features), in the order of `schema.features`.

        In the output's unit: a row's add up to its answer less the usual one; of a boolean to the
        probability of true, of a category to that of the class that is answered.
        """


class AnswersTogether(Protocol):
    """A model whose answer to a record is the same, bit by bit, whichever others it is asked beside.

    Quick calls that come at one moment are then asked at once.
    """

    @property
    def most_together(self) -> int:
        """Up to so many records."""


@runtime_checkable
class Twins(Protocol):
    """An algorithm whose models have a twin: equal answers in another form, quicker for few records.

    The twin is kept in the version beside the model if it answers as the model does. It is loaded
    first, and alone: the model itself follows once many records or an explanation are asked for.
    """

    def twin(self, model: Model, folder: Path) -> Batch | None:
        """Write the twin of what `train` gave into the existing, empty `folder`.

        Returns the records that are hardest to answer alike, for the proof; None if it has no twin.
        """

    def load_twin(self, folder: Path, context: Context) -> Model:
        """Read the twin back. Raises InvalidConfiguration where its library is not installed."""


class Inspected(msgspec.Struct, frozen=True, kw_only=True):
    """What a model file tells about itself, so that a service can be declared around it."""

    inputs: Mapping[str, Any] = {}
    """Field name → field as a service file declares it; empty where the file does not say."""
    output: Mapping[str, Any] = {}
    parameters: Mapping[str, Any] = {}
    """What the algorithm needs to read the file again, its path aside."""
    requirements: Sequence[str] = ()
    notes: Sequence[str] = ()
    """What a person should check, a sentence each."""


@runtime_checkable
class Imports(Protocol):
    """An algorithm that serves a model somebody else trained, from a file or folder."""

    def recognises(self, path: Path) -> bool:
        """Tell by name and first bytes, without reading it all, whether this is its format."""

    def inspect(self, path: Path, context: Context | None) -> Inspected:
        """Read the file and tell what it holds. Raises InvalidData with the reason if it cannot be used."""


@runtime_checkable
class MadeOfSteps(Protocol):
    """An algorithm whose parameters name steps, on which depends what else is true of any algorithm.

    `steps` are all kinds there are, by role and name.
    """

    def learns(self, parameters: Any, steps: Mapping[tuple[str, str], Any]) -> bool:
        """Tell whether it learns from data; takes the place of `needs_data`."""

    def repeats(self, parameters: Any, steps: Mapping[tuple[str, str], Any]) -> bool:
        """Tell whether a version answers alike for ever; one that asks others may not: no goldens."""

    def kinds(self, parameters: Any) -> Sequence[tuple[str, str]]:
        """Return role and name of the kinds of steps that it is made of."""


class Algorithm(ABC):
    """Gives a service its behaviour. One instance serves the whole process; keep no state in it."""

    name: ClassVar[str]
    """How services name it: `algorithm: <name>`."""
    Parameters: ClassVar[type[Parameters]] = Parameters
    problem: ClassVar[str] = ""
    """The kind of problem it solves (docs/problems.md), from which outputs, truth, metrics and baseline
    follow; empty: classification of a category or boolean, regression of a number."""
    search_space: ClassVar[Mapping[str, Any]] = {}
    """Parameter → what `minerva tune` tries unless the service declares a space; said as there:
    `{"low": 2, "high": 10}`, `{"low": 0.01, "high": 0.3, "log": True}`, `{"values": ["a", "b"]}`."""
    example: ClassVar[str] = ""
    """Where a service file lies that learns from real data as it is: a path in the plugin's sources, or an
    address; told by `minerva algorithms show`."""
    needs_data: ClassVar[bool] = True
    """False: a version is made from the parameters alone, as soon as the service is declared."""
    runtime: ClassVar[Literal["inline", "process"]] = "process"
    """Where its models run unless the service says otherwise: in a process of their own, which may
    crash, hang or leak without harm; or in the web worker, for native formats that cannot."""
    requirements: ClassVar[Sequence[str]] = ()
    """Libraries as pip names them (`scikit-learn==1.5.2`), put into a virtual environment of its own.
    Import them inside the methods: the module itself is imported where they are not installed."""
    thread_safe: ClassVar[bool] = True
    """False: its models are asked one call at a time."""
    network: ClassVar[bool] = False
    """Whether its models need the network; without it, their process gets none."""

    @abstractmethod
    def train(self, data: TrainingData, context: TrainingContext) -> Model:
        """Learn a model. Runs in a process of its own; the same data and seed give the same model.

        Raise InvalidData for data that cannot be learnt from; anything else is AlgorithmFailed.
        """

    @abstractmethod
    def load(self, folder: Path, context: Context) -> Model:
        """Read back what `Model.save` wrote. Runs in the web worker: import no training library."""
