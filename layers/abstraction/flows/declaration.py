"""What a flow's YAML says: its steps, where their inputs come from, and what it answers."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from minerva.algorithm import Parameters
from minerva.layers.abstraction.flows.shared_folder import SHARED_QUOTA_MB
from minerva.layers.abstraction.services.declaration import Part

StepName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,62}$(?!\n)")]
Source = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
"""An input of the flow, or STEP.FIELD."""
Address = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s/@]+(/[^\s]*)?$(?!\n)")]
Place = Annotated[
    str,
    msgspec.Meta(pattern=r"^(here|queue:(train|batch|quick)|https?://[^\s/@]+(/[^\s]*)?)$(?!\n)"),
]
"""This process, workers of a queue, or another container."""
ROLES = ("collect", "handle", "features", "predict", "learn", "post")
MAX_STEPS = 200


class Elsewhere(Parameters, frozen=True, kw_only=True):
    """Another container, which has the same service or flow."""

    url: Address
    key: Annotated[str, msgspec.Meta(pattern=r"^\$\{\w+\}$(?!\n)")] | None = None
    """Its key, as `${NAME}` of the environment: a version keeps what is written here for ever."""


class StepDeclaration(Parameters, frozen=True, kw_only=True, omit_defaults=True):
    """One step: exactly one of its roles says what it does."""

    collect: str | None = None
    handle: str | None = None
    features: str | None = None
    """A kind, or SERVICE.STEP: the fitted step of another flow."""
    predict: str | None = None
    """A service."""
    learn: str | None = None
    """An algorithm, whose model becomes part of the flow's version."""
    post: str | None = None
    parameters: dict[str, Any] = msgspec.field(default_factory=dict)
    inputs: dict[str, Source] = msgspec.field(default_factory=dict)
    needs: tuple[StepName, ...] = ()
    each: StepName | None = None
    """Run for each row that this step made; else for each record."""
    when: Source | None = None
    """A yes or no, `not` before it for the opposite: rows where it does not hold are left out."""
    default: dict[str, Any] | None = None
    """What stands in the place of its outputs where rows are left out, and where it fails."""
    retries: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    pause_ms: Annotated[float, msgspec.Meta(ge=0, le=60_000)] = 100
    """Before the first retry; twice as long before each further one."""
    deadline_ms: Annotated[int, msgspec.Meta(ge=1, le=3_600_000)] | None = None
    """For all of it, retries included."""
    may_fail: Part = 0.0
    """Share of a record's rows that may fail; they are left out."""
    cache_s: Annotated[float, msgspec.Meta(gt=0, le=31_536_000)] | None = None
    """How long what it made of some content is remembered for the same content."""
    batch: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    """Most rows at once; None: as the step says."""
    parallel: Annotated[int, msgspec.Meta(ge=1, le=64)] | None = None
    """Most batches at once; None: as many as there are processors."""
    where: Place | Elsewhere = "here"
    output: str | None = None
    """Of a step that learns: which of the flow's outputs; None: the first."""

    @property
    def role(self) -> str:
        """The role that it has. Raises StopIteration if none is said: check first."""
        return next(role for role in ROLES if getattr(self, role) is not None)

    @property
    def kind(self) -> str:
        """What stands behind the role."""
        kind: str = getattr(self, self.role)
        return kind

    @property
    def roles(self) -> list[str]:
        """All roles that are said."""
        return [role for role in ROLES if getattr(self, role) is not None]


class VolumeDeclaration(Parameters, frozen=True, kw_only=True, omit_defaults=True):
    """Room for the files of each request, and for those that all requests share."""

    quota_mb: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 256
    """Of one request."""
    keep_s: Annotated[float, msgspec.Meta(ge=0, le=31_536_000)] = 0
    """How long they are kept after the answer."""
    shared_quota_mb: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = SHARED_QUOTA_MB
    """Of all that steps keep in the folder that requests share."""
    shared_keep_s: Annotated[float, msgspec.Meta(gt=0, le=315_360_000)] | None = None
    """How long such a file is kept after it was last changed; None: for ever."""


class FlowParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `flow`."""

    steps: Annotated[
        dict[StepName, StepDeclaration],
        msgspec.Meta(min_length=1, max_length=MAX_STEPS, description="Name → step"),
    ]
    answer: Annotated[
        dict[str, Source],
        msgspec.Meta(description="Output → STEP.FIELD; left out: the last step's of the same name"),
    ] = msgspec.field(default_factory=dict)
    volume: Annotated[
        VolumeDeclaration,
        msgspec.Meta(
            description="Room for files: `quota_mb`, `keep_s`, `shared_quota_mb`, `shared_keep_s`"
        ),
    ] = VolumeDeclaration()
