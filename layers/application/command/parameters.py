"""What a service says of its runner."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, field

from minerva import Parameters

Word = Annotated[str, Meta(min_length=1, pattern=r"^[^\x00]*$")]
Wait = Annotated[float, Meta(gt=0, le=86_400)]


class CommandParameters(Parameters, frozen=True, kw_only=True):
    """Parameters of `command`."""

    command: Annotated[
        list[Word],
        Meta(min_length=1, description="Program and arguments; no shell reads them"),
    ]
    files: Annotated[
        list[Word] | None,
        Meta(
            description="Files and folders of the workspace that a version carries; "
            "if absent, the files that the command names"
        ),
    ] = None
    options: Annotated[
        dict[str, Any], Meta(description="The runner's own parameters, handed on as they are")
    ] = field(default_factory=dict)
    environment: Annotated[
        dict[
            Annotated[str, Meta(pattern=r"^[^=\x00]+$")],
            Annotated[str, Meta(pattern=r"^[^\x00]*$")],
        ],
        Meta(
            description="Environment variables; beside them only PATH, LANG, HOME and TMPDIR are set"
        ),
    ] = field(default_factory=dict)
    start_s: Annotated[Wait, Meta(description="Longest time to start, and to load a model")] = 30.0
    answer_s: Annotated[Wait, Meta(description="Longest time to answer a prediction")] = 10.0
    train_s: Annotated[Wait, Meta(description="Longest time to train")] = 21_600.0
