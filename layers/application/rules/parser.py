"""A Pratt parser: tokens in, expression tree out (Pratt, "Top Down Operator Precedence", 1973)."""

from __future__ import annotations

from minerva import InvalidConfiguration
from minerva.layers.application.rules.source import MAX_DEPTH, SHOWN, Source
from minerva.layers.application.rules.tokens import KEYWORDS, Token, TokenKind, tokenize
from minerva.layers.application.rules.tree import (
    Among,
    Arithmetic,
    Call,
    Comparison,
    FieldReference,
    IsMissing,
    Literal,
    Logic,
    Negative,
    Node,
    Not,
)

COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
OR, AND, NOT, COMPARE, ADD, MULTIPLY, NEGATE = range(1, 8)
POWERS = {
    "or": OR,
    "and": AND,
    **dict.fromkeys((*COMPARISONS, "in", "not", "is"), COMPARE),
    "+": ADD,
    "-": ADD,
    "*": MULTIPLY,
    "/": MULTIPLY,
}
"""How tightly an infix operator binds; `not` here is the first word of `not in`."""


def parse(source: Source) -> Node:
    """Return the tree of one expression. Raises InvalidConfiguration, whatever the text."""
    tokens = tokenize(source)
    if len(tokens) == 1:
        raise source.error(0, "the expression is empty")
    parser = _Parser(source, tokens)
    node = parser.expression(0)
    if parser.token.kind is not TokenKind.END:
        raise parser.unexpected("an operator or the end")
    return node


class _Parser:
    def __init__(self, source: Source, tokens: list[Token]) -> None:
        self._source = source
        self._tokens = tokens
        self._index = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._index]

    def expression(self, power: int) -> Node:
        """Parse as far as operators bind tighter than `power`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._source.error(
                self.token.position, f"nested deeper than {MAX_DEPTH} levels; split the rule"
            )
        node = self._operand()
        while (binding := self._power()) > power:
            node = self._infix(node, binding)
        self._depth -= 1
        return node

    def unexpected(self, expected: str) -> InvalidConfiguration:
        token, hint = self.token, ""
        before = self._tokens[self._index - 1] if self._index else token
        if str(token.value).lower() in KEYWORDS and token.kind is TokenKind.FIELD:
            hint = f"; write {str(token.value).lower()}"
        elif token.kind is TokenKind.FIELD and before.kind is TokenKind.FIELD:
            hint = "; a field name with spaces stands in backticks"
        return self._source.error(
            token.position, f"expected {expected}, found {_shown(token)}{hint}"
        )

    def _power(self) -> int:
        token = self.token
        return POWERS.get(str(token.value), 0) if token.kind is TokenKind.SYMBOL else 0

    def _next(self) -> Token:
        token = self.token
        self._index += 1
        return token

    def _take(self, symbol: str) -> bool:
        taken = self.token.is_symbol(symbol)
        self._index += taken
        return taken

    def _expect(self, symbol: str) -> None:
        if not self._take(symbol):
            raise self.unexpected(f"'{symbol}'")

    def _operand(self) -> Node:
        token = self.token
        if token.kind in {TokenKind.NUMBER, TokenKind.TEXT} or token.is_symbol("true", "false"):
            return self._literal()
        if token.kind is TokenKind.FIELD:
            return self._field_or_call()
        if self._take("("):
            node = self.expression(0)
            self._expect(")")
            return node
        if self._take("not"):
            return Not(token.position, self.expression(NOT))
        if self._take("-"):
            return _negative(token.position, self.expression(NEGATE))
        raise self.unexpected("a value")

    def _literal(self) -> Literal:
        token = self._next()
        if token.kind is TokenKind.SYMBOL:
            return Literal(token.position, token.value == "true")
        return Literal(token.position, token.value)

    def _field_or_call(self) -> Node:
        token = self._next()
        if token.quoted or not self._take("("):
            return FieldReference(token.position, str(token.value))
        arguments: list[Node] = []
        if not self._take(")"):
            arguments.append(self.expression(0))
            while self._take(","):
                arguments.append(self.expression(0))
            self._expect(")")
        return Call(token.position, str(token.value), tuple(arguments))

    def _infix(self, left: Node, power: int) -> Node:
        if power in {OR, AND}:
            return self._logic(left, power)
        if power == COMPARE:
            return self._comparison(left)
        return self._arithmetic(left, power)

    def _logic(self, left: Node, power: int) -> Node:
        position, operator = self.token.position, str(self.token.value)
        operands = [left]
        while self._take(operator):
            operands.append(self.expression(power))
        return Logic(position, operator, tuple(operands))

    def _arithmetic(self, left: Node, power: int) -> Node:
        position = self.token.position
        rest = []
        while self._power() == power:
            token = self._next()
            rest.append((str(token.value), token.position, self.expression(power)))
        return Arithmetic(position, left, tuple(rest))

    def _comparison(self, left: Node) -> Node:
        token = self._next()
        node: Node
        if token.is_symbol("is"):
            negated = self._take("not")
            self._expect("missing")
            node = IsMissing(token.position, left, negated)
        elif token.is_symbol("in", "not"):
            if token.value == "not":
                self._expect("in")
            node = Among(token.position, left, self._items(), token.value == "not")
        else:
            node = Comparison(token.position, str(token.value), left, self.expression(COMPARE))
        if self._power() == COMPARE:
            raise self._source.error(
                self.token.position, "comparisons do not chain; join two of them with and"
            )
        return node

    def _items(self) -> tuple[Literal, ...]:
        self._expect("(")
        items = [self._item()]
        while self._take(","):
            items.append(self._item())
        self._expect(")")
        return tuple(items)

    def _item(self) -> Literal:
        if self.token.is_symbol("true", "false") or self.token.kind is TokenKind.TEXT:
            return self._literal()
        start = self.token
        sign = -1.0 if self._take("-") else 1.0
        number = self.token.value
        if self.token.kind is not TokenKind.NUMBER or isinstance(number, str):
            raise self.unexpected("a number, a text, true or false")
        self._next()
        return Literal(start.position, sign * number)


def _negative(position: int, operand: Node) -> Node:
    if isinstance(operand, Literal) and isinstance(operand.value, float):
        return Literal(position, -operand.value)
    return Negative(position, operand)


def _shown(token: Token) -> str:
    kinds = {TokenKind.TEXT: "a text", TokenKind.NUMBER: "a number", TokenKind.END: "the end"}
    return kinds.get(token.kind, f"'{str(token.value)[:SHOWN]}'")
