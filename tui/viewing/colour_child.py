"""A process of its own that finds the words of a source text: a lexer is made of regular
expressions, and some texts keep one busy for ever.

Reads {"name": …, "text": …} and answers [[length, look], …], [] for a language nobody knows.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_for_filename
from pygments.token import Token, _TokenType

_SECONDS = 5
_MEMORY = 1 << 30  # bytes
_LOOKS: tuple[tuple[_TokenType, str], ...] = (
    (Token.Comment, "comment"),
    (Token.Keyword, "keyword"),
    (Token.Literal.String, "string"),
    (Token.Literal, "number"),
    (Token.Name.Tag, "keyword"),
    (Token.Name.Attribute, "name"),
    (Token.Name.Function, "name"),
    (Token.Name.Class, "name"),
    (Token.Name.Decorator, "name"),
    (Token.Name.Builtin, "name"),
    (Token.Operator.Word, "keyword"),
    (Token.Generic.Heading, "keyword"),
    (Token.Generic.Subheading, "name"),
    (Token.Generic.Inserted, "string"),
    (Token.Generic.Deleted, "control"),
)


def main() -> int:
    _limit()
    asked = json.loads(sys.stdin.buffer.read())
    found = find_lexer_class_for_filename(asked["name"])
    runs = [] if found is None else list(_runs(found(), asked["text"]))
    sys.stdout.write(json.dumps(runs))
    return 0


def _runs(lexer: Lexer, text: str) -> Iterator[tuple[int, str]]:
    length, look = 0, ""
    for _, token, value in lexer.get_tokens_unprocessed(text):
        this = next((name for kind, name in _LOOKS if token in kind), "")
        if this != look and length:
            yield length, look
            length = 0
        look = this
        length += len(value)
    if length:
        yield length, look


def _limit() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


if __name__ == "__main__":
    sys.exit(main())
