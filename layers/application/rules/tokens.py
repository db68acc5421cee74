"""From the text of an expression to its tokens."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Enum, auto

from minerva.layers.application.rules.source import MAX_CHARACTERS, Source

KEYWORDS = frozenset({"and", "or", "not", "in", "is", "missing", "true", "false"})
HINTS = {
    "=": "write == to compare",
    "!": "write not, or != to compare",
    "&": "write and",
    "|": "write or",
    "`": "the backtick is not closed",
    "'": "the text is not closed",
    '"': "the text is not closed",
    "^": "there is no power operator",
    "%": "there is no remainder operator",
    ".": "a number starts with a digit, and a name with a dot stands in backticks",
}
PATTERN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.]))
      | (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
      | (?P<quoted>`[^`]+`)
      | (?P<name>[^\W\d]\w*)
      | (?P<operator>==|!=|<=|>=|[<>+\-*/(),])""",
    re.VERBOSE,
)


class TokenKind(Enum):
    """What a token is."""

    NUMBER = auto()
    TEXT = auto()
    FIELD = auto()
    """A name, in backticks or not, that is no keyword."""
    SYMBOL = auto()
    """A keyword or an operator."""
    END = auto()


@dataclass(frozen=True)
class Token:
    """A piece of the source; `value` is a number's or text's own value, else what is written."""

    kind: TokenKind
    value: str | float
    position: int
    quoted: bool = False

    def is_symbol(self, *symbols: str) -> bool:
        """Whether this is one of these keywords or operators."""
        return self.kind is TokenKind.SYMBOL and self.value in symbols


def tokenize(source: Source) -> list[Token]:
    """Return all tokens and an END. Raises InvalidConfiguration at the first wrong character."""
    text = source.text
    if len(text) > MAX_CHARACTERS:
        raise source.error(MAX_CHARACTERS, f"longer than {MAX_CHARACTERS} characters")
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = PATTERN.match(text, position)
        if match is None:
            raise source.error(position, _unexpected(text, position))
        if match.lastgroup != "space":
            tokens.append(_token(match, source))
        position = match.end()
    tokens.append(Token(TokenKind.END, "", len(text)))
    return tokens


def _token(match: re.Match[str], source: Source) -> Token:
    written, position = match.group(), match.start()
    match match.lastgroup:
        case "number":
            value = float(written)
            if math.isinf(value):
                raise source.error(position, "this number is too large for a 64-bit float")
            return Token(TokenKind.NUMBER, value, position)
        case "text":
            quote = written[0]
            return Token(TokenKind.TEXT, written[1:-1].replace(quote * 2, quote), position)
        case "quoted":
            return Token(TokenKind.FIELD, written[1:-1], position, quoted=True)
        case "name" if written not in KEYWORDS:
            return Token(TokenKind.FIELD, written, position)
        case _:
            return Token(TokenKind.SYMBOL, written, position)


def _unexpected(text: str, position: int) -> str:
    character = text[position]
    if character in "0123456789":
        return "this is not a number; a name that starts with a digit stands in backticks"
    shown = repr(character) if character.isprintable() else f"character U+{ord(character):04X}"
    hint = HINTS.get(character)
    return f"unexpected {shown}" + (f"; {hint}" if hint else "")
