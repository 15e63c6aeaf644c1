"""What is left out on both sides, in the syntax of .gitignore (gitignore(5)). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from providers.base import Kind


class Ignoring:
    """The patterns of one comparison, relative to both tops. The last one that matches decides.

    A folder that is ignored is not looked into: as for git, nothing below it can be taken back in
    with "!". Names are told apart by letter case. Raises ValueError, with a sentence, for a
    pattern that is none.
    """

    def __init__(self, patterns: Sequence[str]) -> None:
        try:
            self._spec = GitIgnoreSpec.from_lines(patterns) if patterns else None
        except GitIgnorePatternError as error:
            raise ValueError(f"this is no pattern as .gitignore has them: {error}") from error

    def __call__(self, relative: tuple[str, ...], kind: Kind) -> bool:
        """Whether what is called that is left out."""
        if self._spec is None:
            return False
        path = "/".join(relative) + ("/" if kind is Kind.DIR else "")
        # Only "/" separates here: a backslash is a letter of a name, on Windows as well.
        return self._spec.match_file(path, separators=())
