"""Many files on one session at once: each takes its steps in turn, and all take them together.

What one file does is a generator that yields the requests it waits for and is sent their answers:
each step knows how the one before it ended, and no order among different files is relied on. A
round costs the distance to the server once, for however many files.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeAlias, TypeVar

from providers.errors import ProviderError
from providers.sftp.session import Reply, Session

T = TypeVar("T")

Steps: TypeAlias = Generator[Sequence[int], list[Reply], T]
"""Yields the numbers of requests that were queued. What it raises ends its own file only."""


def all_at_once(
    session: Session, files: Sequence[Steps[T]], timeout: float | None = None
) -> list[T | ProviderError]:
    """What came of each of `files`, in their order. Raises ConnectionLost: it is all of theirs.

    As many as the server has open at once take their steps together, and then the next: a step of
    a later one comes behind all of an earlier one's, or with the same of it. `timeout`: seconds
    for each answer, where they may take longer than usual.
    """
    most = session.open_files
    starts = range(0, len(files), most)
    return [end for at in starts for end in _together(session, files[at : at + most], timeout)]


def _together(
    session: Session, files: Sequence[Steps[T]], timeout: float | None
) -> list[T | ProviderError]:
    ended: dict[int, T | ProviderError] = {}
    answers: dict[int, list[Reply] | None] = dict.fromkeys(range(len(files)))
    while answers:
        asked: dict[int, Sequence[int]] = {}
        for number, replies in answers.items():
            try:
                # The first step of a generator is not an answer to anything.
                asked[number] = files[number].send(replies)  # type: ignore[arg-type]
            except StopIteration as end:
                ended[number] = end.value
            except ProviderError as error:
                if session.broken:
                    raise
                ended[number] = error
        answers = {
            number: session.wait_all(requests, timeout) for number, requests in asked.items()
        }
    return [ended[number] for number in range(len(files))]
