"""Speaking the runner protocol (docs/runner-protocol.md) to a program in any language."""

from minerva.runner.answers import Answer, Refusal
from minerva.runner.conversation import Conversation, Hello
from minerva.runner.process import MAX_LINE, Program, RunnerProcess

__all__ = [
    "MAX_LINE",
    "Answer",
    "Conversation",
    "Hello",
    "Program",
    "Refusal",
    "RunnerProcess",
]
