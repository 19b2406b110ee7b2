"""Spellings that workflow files use and Jinja2 does not know, turned into its own."""

import itertools
from typing import Final

from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

#: Of a template; a parser's time goes with them.
_MOST_TOKENS: Final = 20_000
_OPEN: Final = ("lbracket", "lbrace")
_CLOSE: Final = ("rbracket", "rbrace")
_VALUES: Final = ("string", "integer", "float", "name")
#: After these, a name begins something and does not join two things.
_WORDS: Final = ("and", "or", "not", "is", "in", "if", "else", "elif", "for", "set")


class Spelling(Extension):
    """``x|default:'y'`` for ``x|default('y')``."""

    def filter_stream(self, stream: TokenStream) -> list[Token]:
        """The tokens of a template, respelled."""
        return _colons(_tokens(stream))


class ConditionSpelling(Extension):
    """The same, and ``x contains 'y'`` for ``x is contains('y')``."""

    def filter_stream(self, stream: TokenStream) -> list[Token]:
        """The tokens of a condition, respelled."""
        respelled: list[Token] = []
        before: Token | None = None
        for token in _colons(_tokens(stream)):
            joins = token.type == "name" and token.value == "contains" and before is not None
            if joins and before is not None and _ends_something(before):
                respelled.append(Token(token.lineno, "name", "is"))
            respelled.append(token)
            before = token
        return respelled


def _ends_something(token: Token) -> bool:
    if token.type == "name":
        return token.value not in _WORDS
    return token.type in ("string", "integer", "float", "rparen", *_CLOSE)


def _tokens(stream: TokenStream) -> list[Token]:
    tokens = list(itertools.islice(stream, _MOST_TOKENS + 1))
    if len(tokens) > _MOST_TOKENS:
        line = tokens[-1].lineno
        raise TemplateSyntaxError(f"more than {_MOST_TOKENS:,} names and signs", line)
    return tokens


def _colons(tokens: list[Token]) -> list[Token]:
    respelled: list[Token] = []
    depth = position = 0
    while position < len(tokens):
        token = tokens[position]
        depth += (token.type in _OPEN) - (token.type in _CLOSE)
        following = [one.type for one in tokens[position : position + 4]]
        # In brackets a colon is a slice's or a mapping's.
        if depth == 0 and following[:3] == ["pipe", "name", "colon"] and following[3] in _VALUES:
            respelled += (token, tokens[position + 1], Token(token.lineno, "lparen", "("))
            position += 3
            respelled.append(tokens[position])
            while [one.type for one in tokens[position + 1 : position + 3]] == ["dot", "name"]:
                respelled += tokens[position + 1 : position + 3]
                position += 2
            respelled.append(Token(token.lineno, "rparen", ")"))
        else:
            respelled.append(token)
        position += 1
    return respelled
